/** Stores the state of operation-gate.ts: one row for each operation with refusals. */
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Refused } from './outcomes.js';

/** `not-found`: iDenfy returns neither single sessions nor their list. */
export type RefusalReason = Refused['reason'] | 'not-found';

export interface ProviderRefusal {
  /** when the gate opened; null: it is closed */
  refusedAt: Date | null;
  /** when the next probe is due; null: no probe is needed */
  probeAt: Date | null;
  reason: RefusalReason | null;
}

@Injectable()
export class ProviderRefusalsStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async find(operation: string): Promise<ProviderRefusal | null> {
    const { rows } = await this.database.query<ProviderRefusal>(
      `select refused_at as "refusedAt", probe_at as "probeAt", reason from provider_refusals where operation = $1`,
      [operation],
    );
    return rows[0] ?? null;
  }

  /** The operations whose gate is open. */
  async refused(): Promise<string[]> {
    const { rows } = await this.database.query<{ operation: string }>(
      'select operation from provider_refusals where refused_at is not null',
    );
    return rows.map(({ operation }) => operation);
  }

  /**
   * Claims the due probe. While an operation is refused, nothing counts refused tokens, so the same column counts its
   * probes.
   * @returns the number of the probe since the refusal, from 1; null when another process has claimed it
   */
  async claimProbe(operation: string, now: Date, nextProbeAt: Date): Promise<number | null> {
    const { rows } = await this.database.query<{ nth: number }>(
      `update provider_refusals
          set probe_at = $3,
              token_refusals_in_a_row = token_refusals_in_a_row + case when refused_at is null then 0 else 1 end
        where operation = $1 and probe_at <= $2 returning token_refusals_in_a_row as nth`,
      [operation, now, nextProbeAt],
    );
    return rows[0]?.nth ?? null;
  }

  /** Opens the gate. @returns false when it was open already */
  async refuse(operation: string, reason: RefusalReason, now: Date, probeAt: Date): Promise<boolean> {
    const { count } = await this.database.query(
      `insert into provider_refusals as kept (operation, refused_at, probe_at, reason) values ($1, $2, $3, $4)
       on conflict (operation) do update set refused_at = $2, probe_at = $3, reason = $4, token_refusals_in_a_row = 0
       where kept.refused_at is null`,
      [operation, now, probeAt, reason],
    );
    return count === 1;
  }

  /** Closes the gate. @returns when it was opened; null when it was not open */
  async accept(operation: string): Promise<Date | null> {
    const { rows } = await this.database.query<{ refusedAt: Date }>(
      `with closed as (
         delete from provider_refusals where operation = $1 and refused_at is not null returning refused_at)
       select refused_at as "refusedAt" from closed`,
      [operation],
    );
    return rows[0]?.refusedAt ?? null;
  }

  /** Counts an answer that refused only its token. After `doubtAfter` such answers in a row, a probe is due. */
  async countTokenRefusal(operation: string, doubtAfter: number, now: Date): Promise<void> {
    await this.database.query(
      `insert into provider_refusals as kept (operation, token_refusals_in_a_row) values ($1, 1)
       on conflict (operation) do update set
         token_refusals_in_a_row = kept.token_refusals_in_a_row + 1,
         probe_at = case when kept.token_refusals_in_a_row + 1 >= $2 then coalesce(kept.probe_at, $3) else kept.probe_at end
       where kept.refused_at is null`,
      [operation, doubtAfter, now],
    );
  }

  /** Resets the count after an accepted call. */
  async forgetTokenRefusals(operation: string): Promise<void> {
    await this.database.query('delete from provider_refusals where operation = $1 and refused_at is null', [operation]);
  }
}
