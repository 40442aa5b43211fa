import type { FastifyReply, FastifyRequest } from 'fastify';

/** Closes the connection instead of answering. */
export function cutOff(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}
