import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { problemDocument, type ProblemDocument } from '../core/errors.js';
import { ApiAnswers } from './api-answers.js';
import { HealthResponse, ReadinessResponse } from './health.responses.js';
import { Readiness } from './readiness.js';
import { Public } from './scopes.js';

/** A problem document that also names the parts. */
type NotReady = ProblemDocument & Awaited<ReturnType<Readiness['check']>>;

@ApiTags('operations')
@Public()
@Controller()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('healthz')
  @ApiOperation({ summary: 'Check that the process is up' })
  @ApiAnswers({ 200: [HealthResponse, 'Up.'] }, [], [])
  health(): HealthResponse {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({
    summary: 'Check that the process is ready',
    description: 'If it cannot do its work now, the answer names what is missing.',
  })
  @ApiAnswers({ 200: [ReadinessResponse, 'Ready.'] }, ['unavailable'], [])
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessResponse | NotReady> {
    const { checks, missing } = await this.readiness.check();
    if (missing.length === 0) return { status: 'ok', checks };
    void reply.status(503).header('content-type', 'application/problem+json; charset=utf-8').header('retry-after', '2');
    const detail = `Missing: ${missing.join(', ')}.`;
    return { ...problemDocument('unavailable', { detail }, String(reply.request.id)), missing, checks };
  }
}
