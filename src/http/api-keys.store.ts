import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, isNull, type SQL } from 'drizzle-orm';
import { sha256 } from '../core/digest.js';
import { newId, newSecret } from '../core/ids.js';
import { allPlatforms } from '../core/platform.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
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

/** A key and its makers: the key that made it, the key that made that one, and so on. */
export interface KeyLineage extends Pick<ApiKey, 'id' | 'owner' | 'scopes' | 'createdAt'> {
  revoked: boolean;
  makers: Pick<ApiKey, 'id' | 'owner'>[];
}

/** The properties that a request for a new key sets. */
export type NewApiKey = Pick<ApiKey, 'name' | 'scopes' | 'platform' | 'owner' | 'createdBy' | 'expiresAt'>;

const bootstrapName = 'bootstrap admin';

/** API keys, stored as digests. A key has 256 random bits, so a fast hash is enough. */
@Injectable()
export class ApiKeysStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async create(tx: Transaction, asked: NewApiKey, now: Date): Promise<ApiKey & { key: string }> {
    const key = newSecret('fc');
    const row = { ...asked, id: newId('key'), hint: key.slice(-4), createdAt: now };
    await tx.orm.insert(apiKeys).values({ ...row, digest: digestOf(key) });
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

  /** @returns null if there is no such live key */
  async revoke(tx: Transaction, id: string, now: Date): Promise<ApiKey | null> {
    const [revoked] = await this.revokeThose(tx, eq(apiKeys.id, id), now);
    return revoked ?? null;
  }

  private async revokeThose(tx: Transaction, which: SQL, now: Date): Promise<ApiKey[]> {
    const revoked = await tx.orm
      .update(apiKeys)
      .set({ revokedAt: now })
      .where(and(which, isNull(apiKeys.revokedAt)))
      .returning();
    return revoked.map(toApiKey);
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

  /** Keys by id, live or not, in no order. */
  async lineages(from: Queryable, ids: readonly string[]): Promise<KeyLineage[]> {
    const { rows } = await from.query<KeyLineage>(
      // "union" drops rows that were already found, so that even a circle of makers ends.
      `with recursive line as (
         select id as key_id, id, owner, created_by from api_keys where id = any($1::text[])
         union
         select line.key_id, maker.id, maker.owner, maker.created_by
           from line join api_keys maker on maker.id = line.created_by)
       select found.id, found.owner, found.scopes, found.created_at as "createdAt",
              found.revoked_at is not null as revoked,
              (select coalesce(json_agg(json_build_object('id', line.id, 'owner', line.owner)), '[]')
                 from line where line.key_id = found.id and line.id <> found.id) as makers
         from api_keys found where found.id = any($1::text[])`,
      [[...ids]],
    );
    return rows;
  }

  /** Makes replicas that start together take turns. */
  async takeBootstrapTurn(tx: Transaction): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [0x46634b79]);
  }

  /** Finds out whether a configured bootstrap key is in use, revoked, or not a bootstrap key. */
  async bootstrapState(tx: Transaction, key: string): Promise<'bootstrap' | 'revoked' | 'other'> {
    const [row] = await tx.orm
      .select()
      .from(apiKeys)
      .where(eq(apiKeys.digest, digestOf(key)));
    if (row?.revokedAt) return 'revoked';
    return row?.bootstrap ? 'bootstrap' : 'other';
  }

  async hadBootstrap(tx: Transaction): Promise<boolean> {
    const { count } = await tx.query('select 1 from api_keys where bootstrap limit 1');
    return count > 0;
  }

  /** @returns the keys that were live until now */
  revokeBootstraps(tx: Transaction, now: Date): Promise<ApiKey[]> {
    return this.revokeThose(tx, eq(apiKeys.bootstrap, true), now);
  }

  /** A live key that exists already becomes the bootstrap key. */
  async insertBootstrap(tx: Transaction, key: string, now: Date): Promise<ApiKey> {
    const rights = { bootstrap: true, scopes: ['admin'], platform: allPlatforms, expiresAt: null };
    const digest = digestOf(key);
    const [row] = await tx.orm
      .insert(apiKeys)
      .values({ ...rights, id: newId('key'), name: bootstrapName, digest, hint: key.slice(-4), createdAt: now })
      .onConflictDoUpdate({ target: apiKeys.digest, set: rights })
      .returning();
    return toApiKey(row!);
  }
}

/** The digest of an API key or client token, by which it is found. */
export const digestOf = (secret: string): Buffer => sha256(secret);

function toApiKey(row: typeof apiKeys.$inferSelect): ApiKey {
  const { id, name, platform, owner, createdBy, hint, createdAt, expiresAt } = row;
  return { id, name, scopes: row.scopes as Scope[], platform, owner, createdBy, hint, createdAt, expiresAt };
}
