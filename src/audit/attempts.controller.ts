import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { CurrentReach } from '../http/principal.js';
import { RequireScope } from '../http/scopes.js';
import { invalid } from '../http/validation.js';
import { AttemptsAudit } from './attempts-audit.service.js';
import { SearchAttemptsDto, SummaryDto } from './attempts.dto.js';
import { FoundAttemptPageResponse, SummaryResponse } from './attempts.responses.js';
import { bucketsMax } from './summary-window.js';

const whyNot = {
  empty: { field: 'from', message: 'must be before to' },
  'too-long': { field: 'from', message: `must be so near to \`to\` that there are at most ${bucketsMax} buckets` },
} as const;

@ApiTags('audit')
@ApiBearerAuth()
@RequireScope('audit')
@Controller('v1/attempts')
export class AttemptsController {
  constructor(@Inject(AttemptsAudit) private readonly attempts: AttemptsAudit) {}

  @Get()
  @ApiOperation({
    summary: 'Search attempts',
    description:
      'Attempts of all sessions, newest first. An attempt must match every filter of the request. Each attempt shows the status of its session and what a reviewer decided.',
  })
  @ApiAnswers({ 200: [FoundAttemptPageResponse, 'One page.'] }, ['invalid-request', 'overloaded'])
  search(@Query() query: SearchAttemptsDto, @CurrentReach() reach: Reach): Promise<FoundAttemptPageResponse> {
    return this.attempts.search(query, reach);
  }

  @Get('summary')
  @ApiOperation({
    summary: 'Summarize attempts and sessions',
    description:
      'Counts attempts by the hour or day in which they were requested, and sessions by the hour or day in which they were created.',
  })
  @ApiAnswers({ 200: [SummaryResponse, 'The whole time, and each hour or day of it.'] }, [
    'invalid-request',
    'overloaded',
  ])
  async summary(@Query() query: SummaryDto, @CurrentReach() reach: Reach): Promise<SummaryResponse> {
    const summary = await this.attempts.summary(query, reach);
    if (typeof summary === 'string') throw invalid([whyNot[summary]]);
    return summary;
  }
}
