/**
 * Stops the calls of an operation that iDenfy refuses to the whole account. All replicas share the gate. The breaker
 * (circuit.ts) is different: each process has its own, and it opens when iDenfy does not answer.
 *
 * - A refusal of the account (401, 402, 403, contract) opens the gate at once.
 * - A refusal of one session (404, or another 4xx) does not open it: iDenfy may answer like this for expired sessions.
 *   After five such answers in a row, one call for the list of sessions decides, because the list needs no token.
 * - While the gate is open, it lets one probe through every five minutes. If the probe is not refused, the gate closes.
 * - After 404 for everything, the probes are calls for the list and for a session in turn. iDenfy may refuse only the list,
 *   so an answered session closes the gate, too. An unknown session does not close it.
 */
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { type ProviderRefusal, ProviderRefusalsStore, type RefusalReason } from './provider-refusals.store.js';

/** The operations behind the gate. */
export const gatedOperations = ['read-session', 'list-sessions'] as const;
export type GatedOperation = (typeof gatedOperations)[number];

const doubtAfter = 5;
const probeEveryMs = 300_000;

type ProbeBy = 'itself' | 'list' | 'session';

/**
 * `call`: make the call. `probe`: make the call, or with `by: 'list'` the call for the list instead, and report the
 * outcome. With `by: 'session'`, an unknown token does not count as an answer. `refused`: make no call.
 */
export type Passage =
  | { readonly kind: 'call' }
  | { readonly kind: 'probe'; readonly by: ProbeBy }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** The meaning of an answer for the operation. `token-refused`: iDenfy refused only this session. */
export type Answered = 'accepted' | 'token-refused' | { readonly reason: RefusalReason; readonly detail: string };

@Injectable()
export class OperationGate {
  private readonly logger = new Logger(OperationGate.name);

  constructor(
    @Inject(ProviderRefusalsStore) private readonly refusals: ProviderRefusalsStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async ask(operation: GatedOperation): Promise<Passage> {
    const found = await this.refusals.find(operation);
    if (!found?.probeAt) return { kind: 'call' };
    const { refusedAt, probeAt, reason } = found;
    const now = this.clock.now();
    if (probeAt <= now) {
      const nth = await this.refusals.claimProbe(operation, now, this.nextProbe(now));
      if (nth !== null) return { kind: 'probe', by: probeBy(found, nth) };
    }
    return refusedAt === null ? { kind: 'call' } : { kind: 'refused', reason: reason ?? 'unexpected' };
  }

  /** @param passage the result of `ask` @param answered null: iDenfy did not answer, so nothing changes */
  async learn(operation: GatedOperation, passage: Passage, answered: Answered | null): Promise<void> {
    if (answered === null) return;
    if (typeof answered === 'object') return this.open(operation, answered);
    // A refused token also closes the gate: iDenfy did not refuse the account.
    if (passage.kind === 'probe') await this.close(operation);
    if (answered === 'accepted') return this.refusals.forgetTokenRefusals(operation);
    await this.refusals.countTokenRefusal(operation, doubtAfter, this.clock.now());
  }

  private async open(operation: GatedOperation, { reason, detail }: { reason: RefusalReason; detail: string }) {
    const now = this.clock.now();
    if (!(await this.refusals.refuse(operation, reason, now, this.nextProbe(now)))) return;
    this.logger.error(
      `iDenfy refuses ${operation} (${reason}): ${detail}. All processes stop calling it, except for one call every ${probeEveryMs / 60_000} minutes`,
    );
  }

  private async close(operation: GatedOperation): Promise<void> {
    const since = await this.refusals.accept(operation);
    if (since) this.logger.log(`iDenfy accepts ${operation} again; it had refused it since ${since.toISOString()}`);
  }

  private nextProbe(now: Date): Date {
    return new Date(now.getTime() + probeEveryMs);
  }
}

/** @param nth of the probes since the gate opened, counted from 1 */
function probeBy({ refusedAt, reason }: ProviderRefusal, nth: number): ProbeBy {
  if (refusedAt === null) return 'list';
  if (reason !== 'not-found') return 'itself';
  return nth % 2 === 1 ? 'list' : 'session';
}
