import { ApiProperty } from '@nestjs/swagger';
import type { Check } from './readiness.js';

export class HealthResponse {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

export class ReadinessResponse {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['ok', 'missing', 'open', 'half-open', 'inconsistent'] },
    example: { database: 'ok', queue: 'ok', process: 'ok' },
    description:
      'What the process needs. `provider` is there while iDenfy does not answer this process (`open`), or is being ' +
      'tried again (`half-open`): sessions are accepted all the same, their codes come when it is back. `journal` is ' +
      'there while the journal is `inconsistent`: nothing is sealed until an operator has accepted it.',
  })
  checks!: Record<string, Check>;
}
