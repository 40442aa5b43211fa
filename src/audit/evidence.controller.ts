import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { CurrentReach } from '../http/principal.js';
import { RequireScope } from '../http/scopes.js';
import { nothingIsSigned } from '../journal/tree/inconsistency.js';
import { EvidenceResponse } from './evidence.responses.js';
import { Evidence } from './evidence.service.js';

@ApiTags('audit')
@ApiBearerAuth()
@Controller('v1/sessions')
export class EvidenceController {
  constructor(@Inject(Evidence) private readonly evidence: Evidence) {}

  @Get(':id/evidence')
  @ApiOperation({
    summary: 'Get the evidence of a session',
    description: 'One file that shows how the session came to its outcome. `facecode verify` checks it offline.',
  })
  @RequireScope('audit')
  @ApiAnswers({ 200: [EvidenceResponse, 'The file, once every event of the session is sealed.'] }, [
    'not-found',
    'overloaded',
  ])
  async get(@Param('id') id: string, @CurrentReach() reach: Reach): Promise<EvidenceResponse> {
    const bundle = await this.evidence.of(id, reach);
    if (bundle === 'not-found') throw new Problem('not-found');
    if (bundle === 'not-sealed') {
      throw new Problem('unavailable', { detail: 'The latest events are not sealed yet.', retryAfterSeconds: 1 });
    }
    if (bundle === 'inconsistent') throw new Problem('unavailable', { detail: nothingIsSigned });
    return bundle;
  }
}
