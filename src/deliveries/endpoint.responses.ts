import { ApiProperty } from '@nestjs/swagger';
import { type DisabledReason, disabledReasons } from './endpoints.store.js';

export class EndpointResponse {
  @ApiProperty({ example: 'ep_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty({ example: 'main', description: 'The platform whose events the endpoint receives; `*`: all platforms.' })
  platform!: string;

  @ApiProperty({ example: 'https://example.com/facecode' })
  url!: string;

  @ApiProperty({ type: [String], example: ['attempt.*'], description: '`["*"]`: all.' })
  eventTypes!: string[];

  @ApiProperty()
  description!: string;

  @ApiProperty()
  disabled!: boolean;

  @ApiProperty({
    enum: disabledReasons,
    nullable: true,
    description: '`gone`: it answered 410; `failing`: for five days nothing but failures; `by-request`: PATCH.',
  })
  disabledReason!: DisabledReason | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  disabledAt!: string | null;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'The first failure since the last success. Five days after it the endpoint is disabled.',
  })
  failingSince!: string | null;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'Nothing is sent before: it did not answer, or asked for patience (429, 502, 504, `Retry-After`).',
  })
  heldUntil!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class EndpointWithSecretResponse extends EndpointResponse {
  @ApiProperty({
    example: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    description: 'Standard Webhooks 1.0 signing secret: in this answer and nowhere else.',
  })
  secret!: string;
}

export class EndpointPageResponse {
  @ApiProperty({ type: [EndpointResponse] })
  data!: EndpointResponse[];

  @ApiProperty({ type: 'string', nullable: true })
  nextCursor!: string | null;
}
