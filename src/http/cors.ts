import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What a client token opens, and nothing else: a page has no business with an API key. */
const clientTokenPath = /^\/v1\/sessions\/[^/]+(\/(stream|code))?\/?$/;

const preflightSeconds = 600;

/** Lets pages of these origins (exact, no patterns) read the answers of the routes that client tokens are for. */
export async function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await fastify.register(cors, {
    delegator: (request: FastifyRequest, done) => {
      const path = request.url.split('?')[0] ?? '';
      done(null, {
        origin: clientTokenPath.test(path) ? [...origins] : false,
        methods: ['GET', 'POST'],
        allowedHeaders: ['authorization', 'content-type', 'last-event-id', 'x-request-id'],
        exposedHeaders: ['x-request-id', 'retry-after'],
        // The token is sent by the page's own code; there are no cookies.
        credentials: false,
        maxAge: preflightSeconds,
      });
    },
  });
}
