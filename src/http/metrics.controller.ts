import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAnswers } from './api-answers.js';
import { Metrics } from './metrics.js';
import { RequireAllPlatforms, RequireScope } from './scopes.js';

/** Text in the format of Prometheus, so it has no members. */
export class MetricsText {}

@ApiTags('operations')
@ApiBearerAuth()
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get()
  @ApiOperation({ summary: 'Get metrics', description: 'In the text format of Prometheus.' })
  @RequireScope('admin')
  @RequireAllPlatforms()
  @ApiAnswers({ 200: [MetricsText, 'The metrics.', { 'text/plain': { schema: { type: 'string' } } }] })
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  text(): Promise<string> {
    return this.metrics.text();
  }
}
