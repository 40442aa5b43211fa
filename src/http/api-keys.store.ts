import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, isNull } from 'drizzle-orm';
import { sha256 } from '../core/digest.js';
import { newId, newSecret } from '../core/ids.js';
import { Database, type Transaction } from '../database/database.js';
import { apiKeys } from '../database/schema.js';
import type { Scope } from './scopes.js';

/** An API key without the key itself, which only its holder knows. */
export interface ApiKey {
  id: string;
  name: string;
  scopes: Scope[];
  /** its name; `*`: all platforms */
  platform: string;
  /** the person or system that holds the key */
  owner: string | null;
  /** id of the key that made this one; null: the bootstrap key, or a key made on the command line */
  createdBy: string | null;
  /** the last four characters */
  hint: string;
  createdAt: Date;
  expiresAt: Date | null;
}

/** What whoever makes a key says of it. */
export type NewApiKey = Pick<ApiKey, 'name' | 'scopes' | 'platform' | 'owner' | 'createdBy' | 'expiresAt'>;

const bootstrapName = 'bootstrap admin';

/** API keys, stored as digests. A key has 256 random bits, so a fast hash is enough. */
@Injectable()
export class ApiKeysStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async create(asked: NewApiKey, now: Date): Promise<ApiKey & { key: string }> {
    const key = newSecret('fc');
    const row = { ...asked, id: newId('key'), hint: key.slice(-4), createdAt: now };
    await this.database.orm.insert(apiKeys).values({ ...row, digest: digestOf(key) });
    return { ...row, key };
  }

  async list(): Promise<ApiKey[]> {
    const rows = await this.database.orm
      .select()
      .from(apiKeys)
      .where(isNull(apiKeys.revokedAt))
      .orderBy(desc(apiKeys.id));
    return rows.map(toApiKey);
  }

  /** @returns false if there is no such live key */
  async revoke(id: string, now: Date): Promise<boolean> {
    const revoked = await this.database.orm
      .update(apiKeys)
      .set({ revokedAt: now })
      .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      .returning({ id: apiKeys.id });
    return revoked.length === 1;
  }

  /** Finds a live key. A revoked key is `unknown`. */
  async find(key: string, now: Date): Promise<ApiKey | 'unknown' | 'expired'> {
    const [row] = await this.database.orm
      .select()
      .from(apiKeys)
      .where(eq(apiKeys.digest, digestOf(key)));
    if (!row || row.revokedAt !== null) return 'unknown';
    return row.expiresAt !== null && row.expiresAt <= now ? 'expired' : toApiKey(row);
  }

  /** Which of these keys are live. */
  async liveAmong(ids: readonly string[], now: Date): Promise<Set<string>> {
    const { rows } = await this.database.query<{ id: string }>(
      `select id from api_keys
        where id = any($1::text[]) and revoked_at is null and (expires_at is null or expires_at > $2)`,
      [[...ids], now],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Makes the configured admin key the bootstrap key. An earlier bootstrap key stops working.
   * @returns 'revoked': the key was revoked before, so nothing has changed
   */
  async setBootstrap(key: string, now: Date): Promise<'set' | 'revoked'> {
    const digest = digestOf(key);
    return this.database.transaction(async (tx) => {
      await takeBootstrapTurn(tx);
      const { rows } = await tx.query<{ bootstrap: boolean; revoked: boolean }>(
        'select bootstrap, revoked_at is not null as revoked from api_keys where digest = $1',
        [digest],
      );
      if (rows[0]?.revoked) return 'revoked';
      if (rows[0]?.bootstrap) return 'set';
      await tx.query('update api_keys set revoked_at = $1 where bootstrap and revoked_at is null', [now]);
      await insertBootstrap(tx, key, now);
      return 'set';
    });
  }

  /**
   * Gives a database its first bootstrap key, unless it ever had one.
   * @param make called only if the database never had one @returns the key, or null
   */
  async firstBootstrap(make: () => string, now: Date): Promise<string | null> {
    return this.database.transaction(async (tx) => {
      await takeBootstrapTurn(tx);
      const { count } = await tx.query('select 1 from api_keys where bootstrap limit 1');
      if (count > 0) return null;
      const key = make();
      await insertBootstrap(tx, key, now);
      return key;
    });
  }
}

/** Makes replicas that start together take turns. */
async function takeBootstrapTurn(tx: Transaction): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [0x46634b79]);
}

async function insertBootstrap(tx: Transaction, key: string, now: Date): Promise<void> {
  await tx.query(
    `insert into api_keys (id, name, scopes, platform, digest, hint, bootstrap, created_at)
     values ($1, $2, '{admin}', '*', $3, $4, true, $5)
     on conflict (digest) do update set bootstrap = true, expires_at = null, scopes = '{admin}', platform = '*'`,
    [newId('key'), bootstrapName, digestOf(key), key.slice(-4), now],
  );
}

/** The digest of an API key or client token, by which it is found. */
export const digestOf = (secret: string): Buffer => sha256(secret);

function toApiKey(row: typeof apiKeys.$inferSelect): ApiKey {
  const { id, name, platform, owner, createdBy, hint, createdAt, expiresAt } = row;
  return { id, name, scopes: row.scopes as Scope[], platform, owner, createdBy, hint, createdAt, expiresAt };
}
