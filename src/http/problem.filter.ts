import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem, type ProblemCode, problemDocument } from '../core/errors.js';
import { withLogFields } from '../core/log-context.js';
import { DatabaseBusy, DatabaseUnavailable, isOutage, withoutWrapping } from '../database/database-errors.js';

/** Errors of the framework that are refusals, by status. Any other error that it throws is our fault. */
const byStatus: Record<number, ProblemCode> = {
  400: 'invalid-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  413: 'payload-too-large',
  414: 'invalid-request',
  415: 'unsupported-media-type',
  431: 'invalid-request',
  503: 'unavailable',
};

const retrySoonSeconds = 2;

const tooManyReads =
  'Too many searches and exports run at the same time, or this one took too long. Try later, or ask for less, such as a shorter period.';

/** Turns whatever was thrown into application/problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const problem = withLogFields({ requestId: request.id }, () => this.toProblem(thrown));
    sendProblem(http.getResponse<FastifyReply>(), request, problem);
  }

  private toProblem(thrown: unknown): Problem {
    const error = withoutWrapping(thrown);
    if (error instanceof Problem) return error;
    if (error instanceof DatabaseUnavailable) {
      // An outage is not logged for each request: readiness.ts logs one line when the database goes away.
      if (isOutage(error)) this.logger.debug(error.message);
      else this.logger.warn(error.message);
      return new Problem('unavailable', { retryAfterSeconds: retrySoonSeconds });
    }
    if (error instanceof DatabaseBusy) {
      this.logger.warn(`a read was refused: ${error.message}`);
      return new Problem('overloaded', { retryAfterSeconds: retrySoonSeconds, detail: tooManyReads });
    }
    if (error instanceof HttpException) {
      const code = byStatus[error.getStatus()];
      if (code === 'invalid-request') return new Problem(code, { detail: error.message });
      if (code) return new Problem(code);
    }
    const refusedByFastify = byStatus[statusOf(error) ?? 0];
    // Its own messages quote the body.
    if (refusedByFastify === 'invalid-request')
      return new Problem(refusedByFastify, { detail: 'The body is not JSON that the service accepts.' });
    if (refusedByFastify) return new Problem(refusedByFastify);
    this.logger.error(
      error instanceof Error ? error.message : 'unknown',
      error instanceof Error ? error.stack : undefined,
    );
    return new Problem('internal-error');
  }
}

/** Of what Fastify itself refuses before Nest sees the request; null for everything else. */
function statusOf(error: unknown): number | null {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : null;
  return typeof status === 'number' && status < 500 ? status : null;
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, problem: Problem): void {
  const { code, extras, status } = problem;
  if (extras.retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.ceil(extras.retryAfterSeconds)));
  if (code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="facecode"');
  void reply
    .status(status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(problemDocument(code, extras, String(request.id)));
}
