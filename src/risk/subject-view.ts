import { ApiProperty } from '@nestjs/swagger';
import { endOfLock, isLocked, type OutcomeStatus } from './subject.js';
import type { SubjectRow } from './subjects.store.js';

class LastOutcomeView {
  @ApiProperty({ enum: ['SUCCESS', 'FAILED', 'CANCELED', 'EXPIRED'] })
  status!: OutcomeStatus;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

/** A subject as the API gives it. */
export class SubjectView {
  @ApiProperty()
  scanRef!: string;

  @ApiProperty({
    description:
      'FAILED in a row, over all sessions; a pass begins anew. An API key of one platform sees only those of its own sessions, although those of other platforms count to the lock.',
  })
  consecutiveFailures!: number;

  @ApiProperty({ description: 'Whether no new code is issued now, and no pass granted.' })
  locked!: boolean;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'Null when the subject is not locked, or when it is locked until a person releases it.',
  })
  lockedUntil!: string | null;

  @ApiProperty({ description: 'Locks since the last pass or release; each lasts twice as long as the one before.' })
  locks!: number;

  @ApiProperty({
    type: [LastOutcomeView],
    description: 'At most ten, newest first; only of sessions that the API key may see.',
  })
  lastOutcomes!: LastOutcomeView[];
}

export function toView(row: Omit<SubjectRow, 'version' | 'failuresByPlatform'>, now: Date): SubjectView {
  const { scanRef, consecutiveFailures, locks, lockedUntil, lastOutcomes } = row;
  const locked = isLocked(row, now);
  const until = locked ? endOfLock(lockedUntil) : null;
  return { scanRef, consecutiveFailures, locked, lockedUntil: until, locks, lastOutcomes };
}
