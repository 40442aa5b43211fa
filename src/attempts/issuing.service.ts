/**
 * Has iDenfy make a code for a requested attempt: eligibility first, once a session, then the session with its code.
 */
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { IdenfyClient } from '../idenfy/client.js';
import type { CreateOutcome } from '../idenfy/outcomes.js';
import { IdentificationRequests } from './identification-requests.service.js';
import { Issuance } from './issuance.service.js';
import { LostSessions } from './lost-sessions.service.js';

/** Each method makes at most one call to iDenfy. @returns whether the work on the attempt has come to an end */
@Injectable()
export class CodeIssuer {
  private readonly logger = new Logger(CodeIssuer.name);

  constructor(
    @Inject(Issuance) private readonly issuance: Issuance,
    @Inject(LostSessions) private readonly lost: LostSessions,
    @Inject(IdentificationRequests) private readonly identifications: IdentificationRequests,
    @Inject(IdenfyClient) private readonly idenfy: IdenfyClient,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async checkEligibility(attemptId: string): Promise<boolean> {
    const requested = await this.issuance.begin(attemptId);
    if (!requested) return false;
    if (await this.identifications.endIfLost(requested)) return true;
    const outcome = await this.idenfy.checkEligibility(requested.session.scanRef);
    switch (outcome.kind) {
      case 'ok':
        if (outcome.type === 'AUTHENTICATION') {
          await this.issuance.markEligible(requested);
          return false;
        }
        if (outcome.type === 'IDENTIFICATION' && this.settings.identificationFallback) {
          await this.issuance.goOnToIdentify(requested);
          return false;
        }
        await this.issuance.refuse(
          requested,
          outcome.type === 'IDENTIFICATION' ? 'identification-required' : 'not-eligible',
          outcome.raw,
        );
        return true;
      case 'not-found':
        await this.issuance.refuse(requested, 'scan-ref-not-found', 'check-status answered 404');
        return true;
      case 'refused':
        await this.issuance.refuse(requested, 'provider-rejected', outcome.detail);
        return true;
      case 'retry-later':
        await this.issuance.postpone(requested, outcome);
        return false;
    }
  }

  async issue(attemptId: string): Promise<boolean> {
    const begun = await this.issuance.begin(attemptId);
    if (!begun) return false;
    const { session, attempt } = begun;
    if (attempt.lostSince) {
      // Before another paid call, record the sessions that the lost one may have made.
      await this.lost.lookFor(begun, attempt.lostSince);
      return false;
    }
    const taken = await this.idenfy.takeCall();
    if (taken.kind !== 'taken') {
      await this.issuance.postpone(begun, taken);
      return false;
    }
    const announced = await this.issuance.announceCall(begun);
    if (!announced) return false;
    const { requested, since } = announced;
    const outcome = await this.idenfy.createSession(
      {
        scanRef: session.scanRef,
        locale: session.locale ?? undefined,
        lifetimeSeconds: session.codeLifetimeSeconds,
        digits: session.channels.includes('code'),
      },
      taken,
    );
    switch (outcome.kind) {
      case 'ok':
        for (const warning of outcome.warnings) this.logger.warn(`iDenfy's answer to create: ${warning}`);
        if (!(await this.issuance.keep(requested, since, secretOf(outcome)))) {
          await this.lost.recordOrphans(attempt, [outcome.token]);
        }
        return true;
      case 'refused':
        // Before the refusal, which ends the attempt: if the process dies in between, the next one lists the sessions.
        await this.lost.recordOrphans(attempt, outcome.sessionTokens ?? []);
        await this.issuance.refuse(requested, 'provider-rejected', outcome.detail);
        return true;
      case 'retry-later':
        // Nothing was sent, or iDenfy refused it, so there is no session to look for.
        await this.issuance.postpone(requested, { ...outcome, lostSince: null });
        return false;
      case 'unknown':
        await this.issuance.postpone(requested, { why: 'unknown', retryAfterSeconds: null, lostSince: since });
        return false;
    }
  }
}

const secretOf = ({ token, digitString: code, lifetimeSeconds }: CreateOutcome & { kind: 'ok' }) => ({
  token,
  code,
  lifetimeSeconds,
});
