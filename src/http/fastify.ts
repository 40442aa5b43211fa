/** The HTTP server under Nest: limits, parsing, request ids, headers. */
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Problem } from '../core/errors.js';
import { isNestedDeeper } from '../core/json-depth.js';
import { withLogFields } from '../core/log-context.js';
import { AccessLogLines } from './access-log-lines.js';
import { answerClientError } from './client-errors.js';
import { allowOrigins } from './cors.js';
import type { Metrics } from './metrics.js';
import { sendProblem } from './problem.filter.js';

const bodyLimitBytes = 64 * 1024;
const headerLimitBytes = 16 * 1024;
/**
 * No body of this API needs more than three levels. Parsed bodies are walked by recursion, so there must be a limit.
 */
const maxLevels = 32;
/**
 * Time for the headers and for the whole request, from its beginning. A late request is cut off within a second more.
 */
const headersWithinMs = 10_000;
const requestWithinMs = 15_000;
const saneRequestId = /^[\w.:+/=-]{1,128}$/;
/** Its body stays bytes: the signature is over them, and parsing comes after it. */
const receiverPath = '/webhooks/idenfy';

/** @param trustProxy the proxies whose `X-Forwarded-For` is trusted */
export function createFastify(logger: Logger, trustProxy: false | number | string[]): FastifyAdapter {
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new AccessLogLines(),
    trustProxy: typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : trustProxy,
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestWithinMs,
    // Node's default is 30 s.
    http: {
      maxHeaderSize: headerLimitBytes,
      headersTimeout: headersWithinMs,
      requestTimeout: requestWithinMs,
      connectionsCheckingInterval: 1000,
    },
    clientErrorHandler: answerClientError,
    // For errors before routing: an address that cannot be decoded.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
      sendProblem(reply, request, new Problem('not-found'));
    },
    connectionTimeout: 60_000,
    keepAliveTimeout: 65_000,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    genReqId: (request: IncomingMessage) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && saneRequestId.test(given) ? given : `req_${randomUUID()}`;
    },
    // A connection that sends no HTTP has no request to answer with a problem.
    forceCloseConnections: 'idle',
  });
}

/** @param corsOrigins whose pages may use client tokens from a browser */
export async function configureFastify(
  fastify: FastifyInstance,
  metrics: Metrics,
  corsOrigins: readonly string[],
): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    if (request.routeOptions.url === receiverPath) return done(null, bytes);
    if (bytes.length === 0) return done(null, {});
    // Without this check, a body that is not UTF-8 would silently become other text.
    if (!isUtf8(bytes)) return done(new Problem('invalid-request', { detail: 'The body is not UTF-8.' }));
    if (isNestedDeeper(bytes, maxLevels)) {
      return done(new Problem('invalid-request', { detail: `The body is nested deeper than ${maxLevels} levels.` }));
    }
    fastify.getDefaultJsonParser('error', 'error')(request, bytes.toString('utf8'), done);
  });
  const named = (request: FastifyRequest, _reply: FastifyReply, done: () => void) =>
    withLogFields({ requestId: request.id }, done);
  // Twice, because reading the body leaves the context of the request.
  fastify.addHook('onRequest', named);
  fastify.addHook('preValidation', named);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    // Caches may keep an answer only if its route says so. The address cannot decide: it can be written in many ways.
    reply.header('cache-control', 'no-store');
    const encoding = request.headers['content-encoding'];
    if (encoding && encoding.toLowerCase() !== 'identity') {
      sendProblem(reply, request, new Problem('unsupported-media-type'));
      return;
    }
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    observe(metrics, request, reply);
    done();
  });
  await fastify.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        // Swagger's page and the problem pages carry their styles inline.
        styleSrc: ["'self'", "'unsafe-inline'"],
        scriptSrc: ["'self'"],
      },
    },
  });
  await allowOrigins(fastify, corsOrigins);
}

/** By route, never by address: an address holds ids. */
function observe(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url ?? 'none';
  metrics.requests.observe(
    { method: request.method, route, status: String(reply.statusCode) },
    reply.elapsedTime / 1000,
  );
}
