/**
 * Which operations iDenfy refuses whoever asks: nobody asks them then, in no replica. Unlike the breaker (circuit.ts),
 * which each process has for itself and which opens when iDenfy does not answer, the gate opens on an answer that holds
 * for the whole account, so all replicas share it.
 *
 * - A refusal of the account (401, 402, 403, contract) opens the gate at once.
 * - A refusal of one session (404, or another 4xx) does not: iDenfy may answer expired sessions like this. Five in a row
 *   leave it in doubt. Then one call for the list of sessions decides. The list has no token that could be unknown.
 * - While the gate is open, one probe is let through every five minutes. If iDenfy answers it, the gate closes.
 * - After 404 for everything, the probes are calls for the list and for a session in turn. An account may be refused the list
 *   alone, so a session that is answered closes the gate, too. One that is unknown says nothing.
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
 * `call`: make the call. `probe`: make it, or the call `by` for the list instead of it, and report the outcome. By
 * `session`: make it, and report an unknown token as no answer. `refused`: make no call.
 */
export type Passage =
  | { readonly kind: 'call' }
  | { readonly kind: 'probe'; readonly by: ProbeBy }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** What an answer says about the operation. `token-refused`: nothing, except that this session was refused. */
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

  /** @param passage that let the call through @param answered null: iDenfy did not answer, which says nothing here */
  async learn(operation: GatedOperation, passage: Passage, answered: Answered | null): Promise<void> {
    if (answered === null) return;
    if (typeof answered === 'object') return this.open(operation, answered);
    // A token that is refused is an answer to a probe, too: the account was let in.
    if (passage.kind === 'probe') await this.close(operation);
    if (answered === 'accepted') return this.refusals.forgetTokenRefusals(operation);
    await this.refusals.countTokenRefusal(operation, doubtAfter, this.clock.now());
  }

  private async open(operation: GatedOperation, { reason, detail }: { reason: RefusalReason; detail: string }) {
    const now = this.clock.now();
    if (!(await this.refusals.refuse(operation, reason, now, this.nextProbe(now)))) return;
    this.logger.error(
      `iDenfy refuses ${operation} for good (${reason}): ${detail}. No process asks it now, except for one call every ${probeEveryMs / 60_000} minutes`,
    );
  }

  private async close(operation: GatedOperation): Promise<void> {
    const since = await this.refusals.accept(operation);
    if (since) this.logger.log(`iDenfy accepts ${operation} again, which it had refused since ${since.toISOString()}`);
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
