import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** iDenfy's HTTP Basic: the key as user, the secret as password. */
export function basicAuth(apiKey: string, apiSecret: string) {
  const expected = digest(`Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString('base64')}`);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { authorization } = request.headers;
    if (authorization && timingSafeEqual(digest(authorization), expected)) return undefined;
    const message = 'Invalid authorization credentials';
    return reply.code(401).header('www-authenticate', 'Basic').send({ message });
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
