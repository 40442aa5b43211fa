/** The answers of the sessions API as classes, for the OpenAPI document. */
import { ApiProperty } from '@nestjs/swagger';
import { retryCauses, type RetryCause } from '../attempts/outcome.js';
import { channels } from '../attempts/rows.js';
import { type AttemptState, attemptStates, type SessionStatus, sessionStatuses } from '../attempts/states.js';
import { finalStatuses } from '../idenfy/contract.js';
import type { AttemptView, SessionView } from './session-view.js';

const when = { type: 'string', format: 'date-time', nullable: true } as const;

export class OutcomeResponse {
  @ApiProperty({ enum: finalStatuses })
  status!: (typeof finalStatuses)[number];

  @ApiProperty({ type: 'string', nullable: true, example: 'FACE_MISMATCH' })
  failReason!: string | null;

  @ApiProperty({ enum: ['webhook', 'session-api', 'deadline'] })
  source!: 'webhook' | 'session-api' | 'deadline';

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class AttemptResponse implements AttemptView {
  @ApiProperty({ example: 'att_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty({ minimum: 1 })
  number!: number;

  @ApiProperty({ enum: attemptStates })
  state!: AttemptState;

  @ApiProperty({ required: false, description: 'Only in answers that reveal it.', example: '89567412' })
  code?: string;

  @ApiProperty({
    required: false,
    description: 'Channel `web`, only in answers that reveal it; as secret as the code.',
  })
  url?: string;

  @ApiProperty({
    required: false,
    description: 'Channel `sdk`, only in answers that reveal it; as secret as the code.',
  })
  token?: string;

  @ApiProperty({ type: 'string', nullable: true, example: '••••••12' })
  codeHint!: string | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'Why the attempt is void.' })
  reason!: string | null;

  @ApiProperty(when)
  issuedAt!: string | null;

  @ApiProperty(when)
  revealedAt!: string | null;

  @ApiProperty(when)
  expiresAt!: string | null;

  @ApiProperty(when)
  endedAt!: string | null;

  @ApiProperty({ type: OutcomeResponse, nullable: true })
  outcome!: OutcomeResponse | null;

  @ApiProperty({ type: [String] })
  signals!: string[];
}

class IdentificationResponse {
  @ApiProperty({ description: 'Send the user there; as secret as a code.' })
  url!: string;

  @ApiProperty({ description: 'Of the new identification.' })
  scanRef!: string;
}

export class SessionResponse implements SessionView {
  @ApiProperty({ example: 'ses_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty({ enum: sessionStatuses })
  status!: SessionStatus;

  @ApiProperty({ type: 'string', nullable: true })
  reason!: string | null;

  @ApiProperty()
  scanRef!: string;

  @ApiProperty({ type: 'string', nullable: true })
  reference!: string | null;

  @ApiProperty({ type: 'string', nullable: true })
  locale!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  metadata!: Record<string, string>;

  @ApiProperty({ isArray: true, enum: channels })
  channels!: string[];

  @ApiProperty()
  maxAttempts!: number;

  @ApiProperty()
  attemptsLeft!: number;

  @ApiProperty({
    description: 'The requested lifetime of a code in seconds. iDenfy may grant less: see `expiresAt` of the attempt.',
  })
  codeLifetimeSeconds!: number;

  @ApiProperty({ isArray: true, enum: retryCauses })
  retryOn!: RetryCause[];

  @ApiProperty({ example: 'main' })
  platform!: string;

  @ApiProperty({ type: AttemptResponse, nullable: true, description: 'The live attempt, or the last one.' })
  attempt!: AttemptResponse | null;

  @ApiProperty({ type: [AttemptResponse], description: 'Every attempt, oldest first, never with a code.' })
  attempts!: AttemptResponse[];

  @ApiProperty({
    required: false,
    type: IdentificationResponse,
    description:
      'With IDENTIFICATION_FALLBACK=on, while the user has to identify anew; never in lists. Absent if iDenfy refused it or its answer was lost. Facecode does not ask twice, because each identification may cost a credit. To request another one, create another session.',
  })
  identification?: IdentificationResponse;

  @ApiProperty({
    required: false,
    description:
      'Only in the answer to POST /v1/sessions. The token reads its session until 15 minutes after the session has ended.',
  })
  clientToken?: string;

  @ApiProperty({ description: 'Number of journal events of the session so far.' })
  seq!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({ format: 'date-time', description: 'End of the lifetime: after it no new code is issued.' })
  expiresAt!: string;

  @ApiProperty(when)
  endedAt!: string | null;
}

export class SessionPageResponse {
  @ApiProperty({ type: [SessionResponse] })
  data!: SessionResponse[];

  @ApiProperty({ type: 'string', nullable: true })
  nextCursor!: string | null;
}

export class CodeResponse {
  @ApiProperty()
  attemptId!: string;

  @ApiProperty({ required: false, example: '89567412' })
  code?: string;

  @ApiProperty({ required: false })
  url?: string;

  @ApiProperty({ required: false })
  token?: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;
}

/** The answer to a creation. It has its own class, because it shows only what the request said, so it needs no record. */
export class CreatedSessionResponse extends SessionResponse {}

/** The events of one session as server-sent events: text, so it has no members. */
export class SessionEventsText {}
