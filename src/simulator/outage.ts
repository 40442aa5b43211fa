/** A bad hour of the whole provider: every one of its endpoints fails, whatever the scanRef. Webhooks go on. */
import type { FastifyInstance } from 'fastify';
import { bad, type Refusal } from './refusal.js';

/** `500`: every call is answered so; `time-out`: no call is answered; `off`: all goes well again */
const outageModes = ['500', 'time-out', 'off'] as const;
export type OutageMode = (typeof outageModes)[number];

export class Outage {
  mode: OutageMode = 'off';

  /** Comes over every route of the scope. */
  befall(scope: FastifyInstance): void {
    scope.addHook('onRequest', async (_, reply) => {
      if (this.mode === '500') return reply.code(500).send({ message: 'Internal server error' });
      // Nobody answers: the caller gives up, or the simulator closes.
      return this.mode === 'time-out' ? reply.hijack() : undefined;
    });
  }

  /** POST /app/outage */
  play(body: unknown): { readonly status: 204 } | Refusal {
    const mode = readMode(body);
    if (typeof mode !== 'string') return mode;
    this.mode = mode;
    return { status: 204 };
  }
}

function readMode(body: unknown): OutageMode | Refusal {
  const given = typeof body === 'object' && body !== null && 'mode' in body ? body.mode : undefined;
  return outageModes.find((mode) => mode === given) ?? bad(`mode must be one of ${outageModes.join(', ')}`);
}
