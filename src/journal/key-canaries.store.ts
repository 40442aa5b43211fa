import type { Database } from '../database/database.js';

export type CanaryOf = 'encryption' | 'journal';

/** The canaries; for databases that have none yet, sealed values to check instead. */
export class KeyCanariesStore {
  constructor(private readonly database: Database) {}

  async find(key: CanaryOf): Promise<Buffer | null> {
    const { rows } = await this.database.query<{ canary: Buffer }>('select canary from key_canaries where key = $1', [
      key,
    ]);
    return rows[0]?.canary ?? null;
  }

  /** If processes start together, the first canary is kept. @returns the canary that is kept */
  async keepFirst(key: CanaryOf, canary: Buffer): Promise<Buffer> {
    await this.database.query('insert into key_canaries (key, canary) values ($1, $2) on conflict do nothing', [
      key,
      canary,
    ]);
    return (await this.find(key)) ?? canary;
  }

  /** Does nothing if another process has replaced the canary meanwhile. */
  async replace(key: CanaryOf, former: Buffer, canary: Buffer): Promise<void> {
    await this.database.query('update key_canaries set canary = $3 where key = $1 and canary = $2', [
      key,
      former,
      canary,
    ]);
  }

  /** Ids of the keys that may have sealed values; empty: not recorded yet. */
  async keysInUse(): Promise<Buffer[]> {
    const { rows } = await this.database.query<{ id: Buffer }>('select id from sealing_keys');
    return rows.map(({ id }) => id);
  }

  /** Records that values may be sealed with these keys from now on. */
  async use(ids: readonly Buffer[]): Promise<void> {
    await this.database.query('insert into sealing_keys (id) select unnest($1::bytea[]) on conflict do nothing', [
      [...ids],
    ]);
  }

  /** Records that nothing is sealed with any other key than this. */
  async retireAllBut(id: Buffer): Promise<void> {
    await this.database.query('delete from sealing_keys where id <> $1', [id]);
  }

  /** The newest value of each kind that the encryption key itself seals. */
  async newestSealed(): Promise<Buffer[]> {
    const { rows } = await this.database.query<{ sealed: Buffer }>(
      `(select key_sealed as sealed from subject_keys where destroyed_at is null order by created_at desc limit 1)
       union all
       (select body_sealed from webhooks where body_sealed is not null order by id desc limit 1)
       union all
       (select secrets_sealed from endpoints where secrets_sealed is not null order by id desc limit 1)
       union all
       (select reason_sealed from legal_holds order by placed_at desc limit 1)`,
    );
    return rows.map(({ sealed }) => sealed);
  }
}
