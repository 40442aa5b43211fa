import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { newId } from '../core/ids.js';
import { sealedColumns } from '../database/sealed-columns.js';
import { PersonalKeys } from '../journal/personal-keys.js';
import type { Input, Moment } from './decision.js';
import type { SessionWithAttempts } from './rows.js';

/** Gathers what a decision has to know besides the rows. */
@Injectable()
export class Moments {
  constructor(
    @Inject(PersonalKeys) private readonly keys: PersonalKeys,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The subject's lock is for the caller to add: it is read under a lock of its own. */
  of(locked: SessionWithAttempts, { kind }: Input, now: Date): Moment {
    const { confirmPass, deadlineGraceSeconds, signals } = this.settings;
    // Only a result is judged by it; everything else need not open personal data.
    const initiatorIp = kind === 'result' ? this.initiatorIp(locked) : null;
    const nextAttemptId = newId('att');
    return { now, nextAttemptId, confirmPass, deadlineGraceSeconds, lockedUntil: null, initiatorIp, signals };
  }

  /** @returns null also when the subject was erased */
  private initiatorIp({ session, subjectKey }: SessionWithAttempts): string | null {
    if (session.personalSealed.length === 0) return null;
    const sealer = this.keys.sealerOf(subjectKey);
    const personal = sealer?.openJson<{ initiator: { ip?: string } | null }>(
      session.personalSealed,
      sealedColumns.sessionPersonal.context(session.id),
    );
    return personal?.initiator?.ip ?? null;
  }
}
