/** The answers of the search as classes, for the OpenAPI document. */
import { ApiProperty } from '@nestjs/swagger';
import { type AttemptState, type SessionStatus, sessionStatuses } from '../attempts/states.js';
import type { FinalStatus } from '../idenfy/contract.js';
import { AttemptResponse } from '../sessions/session.responses.js';
import { type Bucket, buckets } from './summary-window.js';
import type { Summary } from './summary.js';

class ReviewOutcomeResponse {
  @ApiProperty({ enum: ['pass', 'fail'] })
  decision!: 'pass' | 'fail';

  @ApiProperty({ format: 'date-time' })
  decidedAt!: string;

  @ApiProperty({ description: 'Id of the API key that decided.' })
  decidedBy!: string;

  @ApiProperty({
    type: [String],
    description: 'Ids of the API keys that approved the pass before (REVIEW_FOUR_EYES=on).',
  })
  approvedBy!: string[];
}

export class FoundAttemptResponse extends AttemptResponse {
  @ApiProperty({ example: 'ses_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  sessionId!: string;

  @ApiProperty({
    enum: sessionStatuses,
    description:
      'The status of the session now. An attempt with state `passed` stays `passed` while its pass is held (`in-review`) and after a reviewer has refused it (`failed`).',
  })
  sessionStatus!: SessionStatus;

  @ApiProperty({
    type: ReviewOutcomeResponse,
    nullable: true,
    description: 'What a reviewer decided about the pass of this session; null if no reviewer has decided.',
  })
  review!: ReviewOutcomeResponse | null;

  @ApiProperty()
  scanRef!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'When the attempt was requested. `from` and `to` filter by this time.',
  })
  createdAt!: string;
}

export class FoundAttemptPageResponse {
  @ApiProperty({ type: [FoundAttemptResponse], description: 'Newest first, never with a code.' })
  data!: FoundAttemptResponse[];

  @ApiProperty({ type: 'string', nullable: true })
  nextCursor!: string | null;
}

const counts = { type: 'object', additionalProperties: { type: 'integer' } } as const;

class AttemptCountsResponse implements Summary {
  @ApiProperty({ description: 'Attempts requested in this time. The counts show these attempts as they are now.' })
  attempts!: number;

  @ApiProperty({
    ...counts,
    description: 'Attempts by state. Every state is listed.',
    example: { passed: 17, retry: 3 },
  })
  byState!: Record<AttemptState, number>;

  @ApiProperty({
    ...counts,
    description: 'Attempts by outcome. Every outcome is listed.',
    example: { SUCCESS: 17, FAILED: 2 },
  })
  byOutcome!: Record<FinalStatus, number>;

  @ApiProperty({
    ...counts,
    description: 'Attempts by failReason. Only reasons that occurred are listed.',
    example: { FACE_MISMATCH: 2 },
  })
  byFailReason!: Record<string, number>;

  @ApiProperty({ description: 'Sessions created in this time.' })
  sessions!: number;

  @ApiProperty({
    ...counts,
    description: 'The same sessions by their current status. Every status is listed.',
    example: { passed: 16, failed: 1, canceled: 1 },
  })
  bySessionStatus!: Record<SessionStatus, number>;

  @ApiProperty({
    type: 'number',
    nullable: true,
    minimum: 0,
    maximum: 1,
    description:
      'Attempts with state `passed` whose session also passed, divided by all finished attempts. An attempt is finished if its state is `retry`, or if its state is `passed` and its session is not `in-review`. So a pass that a reviewer refused lowers the rate, and a pass that waits for a review does not count yet. Void and live attempts never count. Null if no attempt is finished.',
  })
  conversionRate!: number | null;

  @ApiProperty({
    type: 'number',
    nullable: true,
    description:
      'Of the seconds from `revealedAt` to `endedAt`, over all attempts that were handed out and have an outcome; null when there are none.',
  })
  medianSeconds!: number | null;

  @ApiProperty({
    type: 'number',
    nullable: true,
    description: 'The same as a 95th percentile; interpolated like the median.',
  })
  p95Seconds!: number | null;
}

class AttemptBucketResponse extends AttemptCountsResponse {
  @ApiProperty({ format: 'date-time', description: 'Beginning of the hour or day, in UTC.' })
  start!: string;
}

export class SummaryResponse {
  @ApiProperty({ format: 'date-time', description: 'Inclusive.' })
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'Exclusive.' })
  to!: string;

  @ApiProperty({ enum: buckets })
  bucket!: Bucket;

  @ApiProperty({ type: AttemptCountsResponse, description: 'The counts of the whole time.' })
  totals!: AttemptCountsResponse;

  @ApiProperty({
    type: [AttemptBucketResponse],
    description:
      'Oldest first, without gaps; of the first and the last only the part within `from` and `to` is counted.',
  })
  buckets!: AttemptBucketResponse[];
}
