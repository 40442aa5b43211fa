import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../core/errors.js';
import { receiverPath } from './fastify.js';
import { sendProblem } from './problem.filter.js';
import { RateLimits } from './rate-limit.service.js';

/**
 * Answers 429 instead of 401 to an address that has failed too often. Who has a good key is let in all the same: many clients may share an address, and one of them must not be able to lock the others out.
 */
@Catch(Problem)
export class FailedAuthenticationFilter implements ExceptionFilter<Problem> {
  constructor(@Inject(RateLimits) private readonly limits: RateLimits) {}

  async catch(problem: Problem, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    sendProblem(http.getResponse<FastifyReply>(), request, await this.answer(problem, request));
  }

  private async answer(problem: Problem, request: FastifyRequest): Promise<Problem> {
    // A bad signature at the receiver costs no look-up: it is told from a good one by arithmetic alone.
    const atReceiver = request.routeOptions.url === receiverPath;
    if (problem.code !== 'unauthenticated' || atReceiver) return problem;
    const retryAfterSeconds = await this.limits.failedAuthentication(request.ip);
    return retryAfterSeconds === null ? problem : new Problem('rate-limited', { retryAfterSeconds });
  }
}
