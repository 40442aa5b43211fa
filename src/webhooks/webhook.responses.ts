import { ApiProperty } from '@nestjs/swagger';
import { type WebhookState, webhookStates } from './reading.js';

export class WebhookResponse {
  @ApiProperty({ example: 'whk_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty({
    enum: webhookStates,
    description:
      '`new`: not applied yet; `applied`; `unmatched`: its token is not known (yet), or it has none; `ignored`: it has another event type, or is not final; `quarantined`: it cannot be read, `error` says why.',
  })
  state!: WebhookState;

  @ApiProperty({
    type: 'string',
    nullable: true,
    example: 'moved',
    description:
      'The result of applying it: `moved`, `replayed`, or the reason of the refusal. `no-token`: it has only a scanRef, and the service asked the session API about the open attempts of that scanRef.',
  })
  verdict!: string | null;

  @ApiProperty({ type: 'string', nullable: true })
  error!: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'FACIAL_AUTHENTICATION' })
  eventType!: string | null;

  @ApiProperty({ type: 'string', nullable: true })
  attemptId!: string | null;

  @ApiProperty({ type: 'string', nullable: true })
  sessionId!: string | null;

  @ApiProperty({ description: 'SHA-256 (hex) of the bytes exactly as they arrived.' })
  digest!: string;

  @ApiProperty({ minimum: 0, description: 'Which of IDENFY_WEBHOOK_KEYS had signed, from 0.' })
  keyIndex!: number;

  @ApiProperty({ minimum: 0, description: 'How often the same body came again.' })
  duplicates!: number;

  @ApiProperty({ minimum: 0, description: 'How often it was replayed.' })
  replays!: number;

  @ApiProperty({
    description:
      'true: only the digest is left, so it cannot be replayed. The body was older than WEBHOOK_BODY_RETENTION_DAYS, its subject was erased, or it was of an event type whose bodies are not stored.',
  })
  bodyPurged!: boolean;

  @ApiProperty({ format: 'date-time' })
  receivedAt!: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  appliedAt!: string | null;
}

export class WebhookPageResponse {
  @ApiProperty({ type: [WebhookResponse] })
  data!: WebhookResponse[];

  @ApiProperty({ type: 'string', nullable: true })
  nextCursor!: string | null;
}
