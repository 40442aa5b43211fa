import { Inject, Injectable, Logger } from '@nestjs/common';
import { IdenfyClient } from '../idenfy/client.js';
import { AttemptMoves } from './attempt-moves.js';
import { IdentificationsStore } from './identifications.store.js';
import { Issuance, type Requested } from './issuance.service.js';
import { LockedAttempts } from './locked-attempts.js';

const actor = { kind: 'system', id: 'identify' } as const;

/**
 * Asks iDenfy for an identification when the user may not authenticate by face (IDENTIFICATION_FALLBACK=on). Each call
 * may cost a credit, so a call whose outcome is unknown is never repeated.
 */
@Injectable()
export class IdentificationRequests {
  private readonly logger = new Logger(IdentificationRequests.name);

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
    if (!begun) return false;
    if (await this.endIfLost(begun)) return true;
    const taken = await this.idenfy.takeCall();
    if (taken.kind !== 'taken') {
      await this.issuance.postpone(begun, taken);
      return false;
    }
    const announced = await this.issuance.announceCall(begun);
    if (!announced) return false;
    const { requested, since } = announced;
    const { session } = requested;
    const outcome = await this.idenfy.createIdentification(
      {
        // The session's id says nothing about the person. iDenfy repeats it in the webhook, and refuses a second call
        // with it.
        clientId: session.id,
        ...(session.locale === null ? {} : { locale: session.locale }),
        lifetimeSeconds: Math.max(1, Math.floor((session.expiresAt.getTime() - since.getTime()) / 1000)),
      },
      taken,
    );
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
          else
            this.logger.warn(
              `attempt ${attemptId} ended before its identification was ready, so the identification is not used`,
            );
        });
        return true;
      }
      case 'retry-later':
        // Nothing was sent, or iDenfy refused it for now, so there is no identification.
        await this.issuance.postpone(requested, { ...outcome, lostSince: null });
        return false;
      case 'refused':
      case 'duplicate':
      case 'unknown':
        await this.endWithoutAddress(requested, outcome.detail);
        return true;
    }
  }

  /** Ends the session if the answer to its identification call was lost, because another call may cost a credit. */
  async endIfLost(requested: Requested): Promise<boolean> {
    const { session, attempt } = requested;
    if (attempt.lostSince === null || session.eligible) return false;
    await this.endWithoutAddress(requested, 'the process that asked iDenfy for an identification has died');
    return true;
  }

  /** The user has to identify, but the platform gets no address to send them to. It may create another session. */
  private async endWithoutAddress(requested: Requested, detail: string): Promise<void> {
    this.logger.error(`session ${requested.session.id} ends, and its identification has no address: ${detail}`);
    await this.issuance.refuse(requested, 'identification-required', detail);
  }
}
