/** Writes every call of iDenfy's endpoints into the ledger, answered or not. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { LedgerBook, RequestEntry } from './ledger.js';

export class RequestRecorder {
  private readonly entries = new WeakMap<FastifyRequest, ReturnType<LedgerBook['request']>>();

  constructor(private readonly ledger: LedgerBook) {}

  /** Records what this scope of routes receives. */
  watch(scope: FastifyInstance): void {
    scope.addHook('onRequest', async (request) => {
      this.entries.set(request, this.ledger.request(request.method, request.url));
    });
    // Before the answer leaves, so that whoever has it finds it in the ledger too.
    scope.addHook('onSend', async (request, reply) => {
      const entry = this.entries.get(request);
      if (entry) entry.status = reply.statusCode;
    });
  }

  /** Says whom the call is about, as soon as that is known. */
  about(request: FastifyRequest, subject: Partial<Pick<RequestEntry, 'scanRef' | 'token'>>): void {
    const entry = this.entries.get(request);
    if (entry) Object.assign(entry, subject);
  }
}
