import { ApiProperty } from '@nestjs/swagger';
import { type DeliveryState, deliveryStates } from './deliveries.store.js';
import { deliveryErrors } from './delivery-errors.js';

export class DeliveryAttemptResponse {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ example: 0.182 })
  durationSeconds!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 200, description: 'null: no answer came.' })
  status!: number | null;

  @ApiProperty({
    type: 'string',
    enum: Object.keys(deliveryErrors),
    nullable: true,
    description: 'Why there was no answer, or not all of it in time. Each has a page under /problems/deliveries.',
  })
  error!: string | null;

  @ApiProperty({
    required: false,
    type: 'string',
    nullable: true,
    description:
      'The first 4 KB of the answer; only in GET /v1/deliveries/{id}. null when there was none or it was erased.',
  })
  responseBody?: string | null;
}

export class DeliveryResponse {
  @ApiProperty({ example: 'dlv_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty()
  endpointId!: string;

  @ApiProperty({ description: '`webhook-id` of every try.' })
  eventId!: string;

  @ApiProperty({ example: 'attempt.passed' })
  eventType!: string;

  @ApiProperty({ type: 'string', nullable: true })
  sessionId!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Of the event in the journal; null for a test event.' })
  position!: number | null;

  @ApiProperty({
    enum: deliveryStates,
    description:
      '`pending`: to be tried, at `nextTryAt`; `delivered`: answered with 2xx; `failed`: all tries are used up; `discarded`: the endpoint was deleted.',
  })
  state!: DeliveryState;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  nextTryAt!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  endedAt!: string | null;

  @ApiProperty({ type: [DeliveryAttemptResponse], description: 'Every try, oldest first.' })
  attempts!: DeliveryAttemptResponse[];
}

export class DeliveryPageResponse {
  @ApiProperty({ type: [DeliveryResponse] })
  data!: DeliveryResponse[];

  @ApiProperty({ type: 'string', nullable: true })
  nextCursor!: string | null;
}

export class RecoveryResponse {
  @ApiProperty()
  endpointId!: string;

  @ApiProperty({ description: 'As it was asked for.', oneOf: [{ type: 'string' }, { type: 'integer' }] })
  since!: string | number;

  @ApiProperty({ description: 'Position up to which the journal is read again; what follows comes anyway.' })
  untilPosition!: number;
}
