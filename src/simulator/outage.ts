/** An outage of the provider: its endpoints fail for every scanRef. Webhooks are still sent. */
import type { FastifyInstance } from 'fastify';
import { paths } from '../idenfy/contract.js';
import { bad, type Refusal } from './refusal.js';

/**
 * `500`: every call gets status 500; `time-out`: no call gets an answer; `reads-<status>`: calls to the session API
 * (the list and each session) get this status; `off`: no outage
 */
const outageModes = ['500', 'time-out', 'reads-401', 'reads-403', 'reads-404', 'reads-500', 'off'] as const;
export type OutageMode = (typeof outageModes)[number];

export class Outage {
  mode: OutageMode = 'off';

  /** Comes over every route of the scope. */
  befall(scope: FastifyInstance): void {
    scope.addHook('onRequest', async (request, reply) => {
      if (this.mode.startsWith('reads-') && request.url.startsWith(paths.listSessions)) {
        return reply.code(Number(this.mode.slice('reads-'.length))).send({ message: 'The session API is not yours' });
      }
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
