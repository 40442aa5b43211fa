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
    additionalProperties: { type: 'string', enum: ['ok', 'missing', 'open', 'half-open', 'inconsistent', 'refused'] },
    example: { database: 'ok', queue: 'ok', process: 'ok' },
    description:
      'What the process needs. `provider` appears while iDenfy does not answer this process (`open`), or while the ' +
      'process tries again (`half-open`). Sessions are still accepted; their codes come when iDenfy answers again. ' +
      '`read-session` and `list-sessions` appear while iDenfy refuses these operations (`refused`): all processes ' +
      'together make only one such call every five minutes. ' +
      '`journal` appears while the journal is `inconsistent`: nothing is sealed until an operator has accepted it.',
  })
  checks!: Record<string, Check>;
}
