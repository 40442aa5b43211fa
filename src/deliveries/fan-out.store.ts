/** From the journal to deliveries: how far the journal was read, and which endpoint wants which events. */
import { Inject, Injectable } from '@nestjs/common';
import type { Json } from '../core/canonical-json.js';
import { newId } from '../core/ids.js';
import { Database, type Transaction } from '../database/database.js';

/** The parts of an event that decide which endpoints get it. */
export interface JournalEntry {
  id: string;
  type: string;
  /** null: of no single platform */
  platform: string | null;
  position: number;
  sessionId: string | null;
  seq: number | null;
  at: Date;
  data: { readonly [name: string]: Json };
}

export interface Subscriber {
  id: string;
  /** whose events it gets; `*`: all */
  platform: string;
  eventTypes: string[] | null;
  fromPosition: number;
  disabled: boolean;
  /** nothing is sent to it before */
  heldUntil: Date | null;
}

export interface Recovering extends Subscriber {
  after: number;
  until: number;
  since: Date | null;
}

/** One event for one endpoint. */
export interface Addressed {
  endpointId: string;
  entry: JournalEntry;
}

@Injectable()
export class FanOutStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Only one reads on at a time. */
  async lockCursor(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ position: string }>('select position from delivery_cursor for update');
    return Number(rows[0]!.position);
  }

  async moveCursor(tx: Transaction, position: number): Promise<void> {
    await tx.query('update delivery_cursor set position = $1', [position]);
  }

  async entries(tx: Transaction, after: number, limit: number): Promise<JournalEntry[]> {
    const { rows } = await tx.query<JournalEntry & { position: string }>(
      `select id, type, platform, position, session_id as "sessionId", seq, at, data from events
        where position > $1 order by position limit $2`,
      [after, limit],
    );
    return rows.map((row) => ({ ...row, position: Number(row.position) }));
  }

  /** Every endpoint that is not deleted. */
  async subscribers(tx: Transaction): Promise<Subscriber[]> {
    const { rows } = await tx.query<Subscriber & { fromPosition: string }>(
      `select id, platform, event_types as "eventTypes", from_position as "fromPosition", disabled_at is not null as disabled,
              held_until as "heldUntil"
         from endpoints where deleted_at is null`,
    );
    return rows.map((row) => ({ ...row, fromPosition: Number(row.fromPosition) }));
  }

  /** Makes one delivery for each. Existing deliveries do not change. */
  async deliver(tx: Transaction, addressed: readonly Addressed[], now: Date): Promise<void> {
    await this.insert(tx, addressed, now, 'do nothing');
  }

  /** Like `deliver`, but failed and waiting deliveries are also tried at once, and their schedule starts again. */
  async deliverAgain(tx: Transaction, addressed: readonly Addressed[], now: Date): Promise<void> {
    await this.insert(
      tx,
      addressed,
      now,
      `do update set state = 'pending', step = 0, next_try_at = excluded.next_try_at, ended_at = null
        where deliveries.state in ('failed', 'discarded') or (deliveries.state = 'pending' and deliveries.step > 0)`,
    );
  }

  /** An endpoint that reads the journal again, locked. */
  async lockRecovering(tx: Transaction): Promise<Recovering | null> {
    const { rows } = await tx.query<Recovering & { fromPosition: string; after: string; until: string }>(
      `select id, platform, event_types as "eventTypes", from_position as "fromPosition", disabled_at is not null as disabled,
              held_until as "heldUntil", recover_after as after, recover_until as until, recover_since as since
         from endpoints where recover_after is not null and deleted_at is null
        order by id limit 1 for update skip locked`,
    );
    const [row] = rows;
    return row
      ? { ...row, fromPosition: Number(row.fromPosition), after: Number(row.after), until: Number(row.until) }
      : null;
  }

  /** @param after null: it has read all it was to */
  async moveRecovery(tx: Transaction, endpointId: string, after: number | null): Promise<void> {
    await tx.query(
      `update endpoints
          set recover_after = $2, recover_until = case when $2::bigint is null then null else recover_until end,
              recover_since = case when $2::bigint is null then null else recover_since end
        where id = $1`,
      [endpointId, after],
    );
  }

  async isBehind(before: Date): Promise<boolean> {
    const { rows } = await this.database.query<{ behind: boolean }>(
      `select exists (select from events, delivery_cursor where events.position > delivery_cursor.position and at <= $1)
           or exists (select from endpoints where recover_after is not null) as behind`,
      [before],
    );
    return rows[0]?.behind === true;
  }

  private async insert(tx: Transaction, addressed: readonly Addressed[], now: Date, conflict: string): Promise<void> {
    if (addressed.length === 0) return;
    const column = <T>(value: (one: Addressed) => T): T[] => addressed.map((one) => value(one));
    await tx.query(
      `insert into deliveries (id, endpoint_id, event_id, event_type, position, session_id, seq, state, next_try_at,
                               created_at)
       select id, endpoint_id, event_id, event_type, position, session_id, seq, 'pending', $8, $8
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::integer[])
              as new (id, endpoint_id, event_id, event_type, position, session_id, seq)
       on conflict (endpoint_id, event_id) ${conflict}`,
      [
        column(() => newId('dlv')),
        column(({ endpointId }) => endpointId),
        column(({ entry }) => entry.id),
        column(({ entry }) => entry.type),
        column(({ entry }) => entry.position),
        column(({ entry }) => entry.sessionId),
        column(({ entry }) => entry.seq),
        now,
      ],
    );
  }
}
