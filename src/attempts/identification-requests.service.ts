import { Inject, Injectable } from '@nestjs/common';
import { IdenfyClient } from '../idenfy/client.js';
import { AttemptMoves } from './attempt-moves.js';
import { IdentificationsStore } from './identifications.store.js';
import { Issuance } from './issuance.service.js';
import { LockedAttempts } from './locked-attempts.js';

const actor = { kind: 'system', id: 'identify' } as const;

/** Asks iDenfy for an identification where it wants one (IDENTIFICATION_FALLBACK=on). */
@Injectable()
export class IdentificationRequests {
  constructor(
    @Inject(Issuance) private readonly issuance: Issuance,
    @Inject(LockedAttempts) private readonly attempts: LockedAttempts,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(IdentificationsStore) private readonly store: IdentificationsStore,
    @Inject(IdenfyClient) private readonly idenfy: IdenfyClient,
  ) {}

  /** Makes at most one call. @returns whether the work on the attempt is over */
  async request(attemptId: string): Promise<boolean> {
    const begun = await this.issuance.begin(attemptId);
    const announced = begun && (await this.issuance.announceCall(begun, 'identify'));
    if (!announced) return false;
    const { requested } = announced;
    const { session } = requested;
    // The session's id says nothing about the person, and the webhook returns it.
    const outcome = await this.idenfy.createIdentification({
      clientId: session.id,
      ...(session.locale === null ? {} : { locale: session.locale }),
    });
    switch (outcome.kind) {
      case 'ok': {
        const { url, scanRef } = outcome;
        await this.attempts.with(attemptId, async ({ tx, locked, attempt, now }) => {
          const input = {
            kind: 'issue-refused',
            reason: 'identification-required',
            detail: 'IDENTIFICATION',
            identificationScanRef: scanRef,
          } as const;
          const decision = await this.moves.apply(tx, locked, attempt, input, { actor, now });
          if (decision.kind === 'moved') await this.store.keep(tx, session.id, { url, scanRef });
        });
        return true;
      }
      case 'refused':
        // The user still has to identify, but there is no address to send them to.
        await this.issuance.refuse(requested, 'identification-required', outcome.detail);
        return true;
      case 'retry-later':
        await this.issuance.postpone(requested, outcome);
        return false;
      case 'unknown':
        // Nobody was sent to it, and it costs nothing until somebody goes there.
        await this.issuance.postpone(requested, { why: 'unknown', retryAfterSeconds: null });
        return false;
    }
  }
}
