/** Endpoints: where webhooks go, and how each is doing. */
import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, isNull, lt } from 'drizzle-orm';
import type { Reach } from '../core/reach.js';
import { Sealer } from '../core/sealing.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { endpoints } from '../database/deliveries-schema.js';
import { sealedColumns } from '../database/sealed-columns.js';
import { within } from '../database/within.js';
import type { EndpointHealth } from './endpoint-health.js';
import type { EndpointSecret } from './endpoint-secrets.js';

export const disabledReasons = ['by-request', 'gone', 'failing'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

export type EndpointRow = Omit<typeof endpoints.$inferSelect, 'disabledReason'> & {
  disabledReason: DisabledReason | null;
};

export type EndpointChanges = Partial<
  Pick<EndpointRow, 'url' | 'eventTypes' | 'description' | 'disabledAt' | 'disabledReason'> & EndpointHealth
>;

export interface NewEndpoint {
  id: string;
  platform: string;
  url: string;
  eventTypes: string[] | null;
  description: string;
  secrets: readonly EndpointSecret[];
  createdBy: string;
  at: Date;
}

/** From which place in the journal on an endpoint reads again. */
export interface Recovery {
  after: number;
  until: number;
  /** null: whatever is there */
  since: Date | null;
}

@Injectable()
export class EndpointsStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /**
   * Whether the platform may have one more endpoint. Until the transaction ends, nobody else creates one for the platform.
   */
  async hasRoom(tx: Transaction, platform: string): Promise<boolean> {
    await tx.query('select pg_advisory_xact_lock($1, hashtext($2))', [creationLock, platform]);
    const { rows } = await tx.query<{ count: string }>(
      'select count(*) from endpoints where platform = $1 and deleted_at is null',
      [platform],
    );
    return Number(rows[0]!.count) < endpointsMax;
  }

  /** Makes an endpoint. It gets the events that do not have a position yet. */
  async create(tx: Transaction, { secrets, at, ...endpoint }: NewEndpoint): Promise<EndpointRow> {
    const fromPosition = await this.lastPosition(tx);
    const secretsSealed = this.sealSecrets(endpoint.id, secrets);
    const values = { ...endpoint, secretsSealed, fromPosition, createdAt: at, updatedAt: at };
    const [row] = await tx.orm.insert(endpoints).values(values).returning();
    return row as EndpointRow;
  }

  /** Newest first: ids are time-ordered. */
  async list(reach: Reach, limit: number, before: string | undefined): Promise<EndpointRow[]> {
    const rows = await this.database.orm
      .select()
      .from(endpoints)
      .where(
        and(
          isNull(endpoints.deletedAt),
          within(reach, endpoints.platform),
          before === undefined ? undefined : lt(endpoints.id, before),
        ),
      )
      .orderBy(desc(endpoints.id))
      .limit(limit);
    return rows as EndpointRow[];
  }

  async find(id: string, reach: Reach): Promise<EndpointRow | null> {
    const owned = and(live(id), within(reach, endpoints.platform));
    const [row] = await this.database.orm.select().from(endpoints).where(owned);
    return (row as EndpointRow | undefined) ?? null;
  }

  /** Locks the endpoint's row: other transactions wait before they change it. */
  async lock(tx: Transaction, id: string): Promise<EndpointRow | null> {
    const [row] = await tx.orm.select().from(endpoints).where(live(id)).for('update');
    return (row as EndpointRow | undefined) ?? null;
  }

  /** Like `lock`, for a caller of the API. @returns null also if the endpoint is out of reach */
  async lockWithin(tx: Transaction, id: string, reach: Reach): Promise<EndpointRow | null> {
    const owned = and(live(id), within(reach, endpoints.platform));
    const [row] = await tx.orm.select().from(endpoints).where(owned).for('update');
    return (row as EndpointRow | undefined) ?? null;
  }

  async change(tx: Transaction, id: string, changes: EndpointChanges, updatedAt?: Date): Promise<void> {
    await tx.orm
      .update(endpoints)
      .set({ ...changes, ...(updatedAt ? { updatedAt } : {}) })
      .where(live(id));
  }

  async setSecrets(tx: Transaction, id: string, secrets: readonly EndpointSecret[], at: Date): Promise<void> {
    const secretsSealed = this.sealSecrets(id, secrets);
    await tx.orm.update(endpoints).set({ secretsSealed, updatedAt: at }).where(live(id));
  }

  async setRecovery(tx: Transaction, id: string, { after, until, since }: Recovery): Promise<void> {
    const recovery = { recoverAfter: after, recoverUntil: until, recoverSince: since };
    await tx.orm.update(endpoints).set(recovery).where(live(id));
  }

  /** The row stays, so that past deliveries can still be shown. */
  async delete(tx: Transaction, id: string, at: Date): Promise<void> {
    const recovery = { recoverAfter: null, recoverUntil: null, recoverSince: null };
    await tx.orm
      .update(endpoints)
      .set({ deletedAt: at, updatedAt: at, secretsSealed: null, ...recovery })
      .where(live(id));
  }

  /** @throws Error when they are sealed with a key that is not configured */
  openSecrets({ id, secretsSealed }: Pick<EndpointRow, 'id' | 'secretsSealed'>): EndpointSecret[] {
    return secretsSealed === null
      ? []
      : this.sealer.openJson<EndpointSecret[]>(secretsSealed, sealedColumns.endpointSecrets.context(id));
  }

  async lastPosition(database: Queryable): Promise<number> {
    const { rows } = await database.query<{ position: string | null }>('select max(position) as position from events');
    return Number(rows[0]?.position ?? 0);
  }

  /**
   * Waits for a fan-out that is under way, and keeps the next one from starting before this transaction ends. A fan-out
   * locks in the same order: first the cursor, then endpoints.
   *
   * @returns the position up to which the journal's events have deliveries
   */
  async holdFanOut(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ position: string }>('select position from delivery_cursor for share');
    return Number(rows[0]!.position);
  }

  /**
   * A position that no event of that time or later lies at or before. Ids of events are time-ordered, and events get
   * their positions in nearly that order: those that were under way at once are fewer than the margin.
   */
  async positionBefore(tx: Transaction, time: Date): Promise<number> {
    const id = `evt_${Math.max(0, time.getTime()).toString(16).padStart(12, '0')}`;
    const { rows } = await tx.query<{ position: string }>(
      `select position from events where id >= $1 and position is not null order by id limit 1`,
      [id],
    );
    const first = rows[0] ? Number(rows[0].position) : (await this.lastPosition(tx)) + 1;
    return Math.max(0, first - 1 - sealedAtOnceMax);
  }

  private sealSecrets(id: string, secrets: readonly EndpointSecret[]): Buffer {
    return this.sealer.sealJson(secrets, sealedColumns.endpointSecrets.context(id));
  }
}

const sealedAtOnceMax = 1000;

/** Of one platform. */
const endpointsMax = 250;
/** "Endp" in ASCII. */
const creationLock = 0x456e6470;

const live = (id: string) => and(eq(endpoints.id, id), isNull(endpoints.deletedAt));
