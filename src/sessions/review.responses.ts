/** The answers of the review API as classes, for the OpenAPI document. */
import { ApiProperty } from '@nestjs/swagger';
import { type SessionStatus, sessionStatuses } from '../attempts/states.js';
import { allSignals } from '../risk/rules.js';
import type { ReviewPage } from './review-queue.service.js';
import type { ReviewDetail, ReviewFlag, ReviewNote, ReviewSummary } from './review-view.js';
import { SessionResponse } from './session.responses.js';

class SessionSummaryResponse {
  @ApiProperty()
  id!: string;

  @ApiProperty({ enum: sessionStatuses })
  status!: SessionStatus;

  @ApiProperty()
  scanRef!: string;

  @ApiProperty({ type: 'string', nullable: true })
  reference!: string | null;

  @ApiProperty({ description: 'Number of attempts so far.' })
  attempts!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

class ClaimResponse {
  @ApiProperty({ description: 'Id of the API key.' })
  by!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ format: 'date-time', description: 'When the claim ends by itself.' })
  until!: string;
}

class ApprovalResponse {
  @ApiProperty({ description: 'Id of the API key.' })
  by!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class ReviewNoteResponse implements ReviewNote {
  @ApiProperty({ description: 'Id of the API key.' })
  by!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'Null once the subject is erased.' })
  note!: string | null;
}

class ReviewStateResponse {
  @ApiProperty()
  sessionId!: string;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Why the pass is or was held: `subject-locked`, a signal, `confirming`, `disputed` or `unconfirmed`.',
  })
  reason!: string | null;

  @ApiProperty({ enum: allSignals, isArray: true, description: 'The signals of all attempts of the session.' })
  signals!: string[];

  @ApiProperty({ format: 'date-time', description: 'When the pass was first held.' })
  heldAt!: string;

  @ApiProperty({ type: ClaimResponse, nullable: true, description: 'The live claim.' })
  claim!: ClaimResponse | null;

  @ApiProperty({ type: [ApprovalResponse], description: 'With REVIEW_FOUR_EYES=on: the approvals so far.' })
  approvals!: ApprovalResponse[];

  @ApiProperty()
  notesCount!: number;
}

class ReviewSummaryResponse extends ReviewStateResponse implements ReviewSummary {
  @ApiProperty({ type: SessionSummaryResponse })
  session!: SessionSummaryResponse;
}

export class ReviewPageResponse implements ReviewPage {
  @ApiProperty({ type: [ReviewSummaryResponse] })
  data!: ReviewSummaryResponse[];

  @ApiProperty({ type: 'string', nullable: true })
  nextCursor!: string | null;
}

class ComparedAddressesResponse {
  @ApiProperty({ type: 'string', nullable: true, description: 'The address of the person who asked on your platform.' })
  initiatorIp!: string | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'The address of the phone that took the selfie.' })
  selfieIp!: string | null;
}

class ReviewFlagResponse implements ReviewFlag {
  @ApiProperty({ enum: allSignals })
  signal!: string;

  @ApiProperty({ description: 'The attempt that the signal was raised on.' })
  attemptId!: string;

  @ApiProperty({ description: 'Number of the attempt.' })
  number!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The facts that the rule judged. The event type `risk.flagged` lists the fields of each signal.',
    example: { comparedBits: 24 },
  })
  facts!: ReviewFlag['facts'];

  @ApiProperty({
    type: ComparedAddressesResponse,
    nullable: true,
    description:
      'The two addresses that `different-network` compares. A reviewer cannot judge that signal without them, so the scopes `review` and `audit` see them here. No other personal data is shown. Null for other signals, and once the subject is erased.',
  })
  addresses!: ComparedAddressesResponse | null;
}

export class ReviewResponse extends ReviewStateResponse implements ReviewDetail {
  @ApiProperty({ type: SessionResponse })
  session!: SessionResponse;

  @ApiProperty({
    type: [ReviewFlagResponse],
    description: 'Each signal of the session with the facts behind it, oldest first.',
  })
  flags!: ReviewFlagResponse[];

  @ApiProperty({ type: [ReviewNoteResponse], description: 'Oldest first.' })
  notes!: ReviewNoteResponse[];
}

class PendingReviewResponse {
  @ApiProperty({ type: [ApprovalResponse] })
  approvals!: ApprovalResponse[];

  @ApiProperty({ description: 'Number of other reviewers who must still approve.', example: 1 })
  reviewersNeeded!: number;
}

export class ReviewedSessionResponse extends SessionResponse {
  @ApiProperty({
    required: false,
    type: PendingReviewResponse,
    description: 'Only while a second reviewer is needed (REVIEW_FOUR_EYES=on): the session is still `in-review`.',
  })
  review?: PendingReviewResponse;
}
