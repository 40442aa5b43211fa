import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { AuthenticatedRequest } from './access.guard.js';
import { requestIdLabel } from './logging.js';
import type { Principal } from './scopes.js';

/**
 * The access log: one line for each request, when its answer has been sent or its connection is gone. A line has the key and
 * the address of the client, so that an operator can see where failed logins come from. It has no query string, because a
 * client token may be in it, and nothing from headers or bodies.
 */
export class AccessLogLines extends LogController {
  constructor() {
    super({ requestIdLogLabel: requestIdLabel });
  }

  override incomingRequest(request: FastifyRequest, reply: FastifyReply): void {
    // Read now: once the connection is gone, its address is unknown.
    const clientAddress = request.ip;
    reply.raw.once('close', () => {
      const completed = reply.raw.writableFinished;
      request.log.info(
        { ...lineOf(request, reply), clientAddress },
        completed ? 'request completed' : 'request aborted',
      );
    });
  }

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    if (error) super.requestCompleted(error, request, reply);
  }

  /** Fastify's own line would have the query string. */
  override routeNotFound(): void {}
}

function lineOf(request: AuthenticatedRequest, reply: FastifyReply): object {
  const { method, principal, refusedFor } = request;
  return {
    method,
    route: request.routeOptions.url ?? null,
    path: request.url.split('?')[0],
    status: reply.raw.statusCode,
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
    ...(principal ? holderOf(principal) : {}),
    ...(refusedFor === undefined ? {} : { failedLogin: refusedFor }),
  };
}

const holderOf = (principal: Principal): { keyId: string } | { sessionId: string } =>
  principal.kind === 'api-key' ? { keyId: principal.id } : { sessionId: principal.sessionId };
