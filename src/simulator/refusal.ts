import type { FastifyReply } from 'fastify';

/** What iDenfy answers to a request that is wrong. */
export interface Refusal {
  readonly status: 400 | 404 | 409;
  readonly identifier: 'MISSING_VALUE' | 'BAD_VALUE' | 'NOT_FOUND' | 'SESSION_ENDED';
  readonly message: string;
}

export function missing(field: string): Refusal {
  return { status: 400, identifier: 'MISSING_VALUE', message: `${field} is required` };
}

export function bad(message: string): Refusal {
  return { status: 400, identifier: 'BAD_VALUE', message };
}

export function refuse(reply: FastifyReply, { status, ...body }: Refusal): FastifyReply {
  return reply.code(status).send(body);
}

export function isRefusal(value: object): value is Refusal {
  return 'identifier' in value;
}
