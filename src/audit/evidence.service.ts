import { Inject, Injectable } from '@nestjs/common';
import { DeliveriesOfSessions } from '../deliveries/deliveries-of-sessions.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { EvidenceProofs } from './evidence-proofs.js';
import type { EvidenceResponse } from './evidence.responses.js';
import { EvidenceStore } from './evidence.store.js';
import { SealedSessions } from './sealed-session.js';

/** Puts together what shows, without this service, how a session came to its end. */
@Injectable()
export class Evidence {
  constructor(
    @Inject(SealedSessions) private readonly sealed: SealedSessions,
    @Inject(SessionsService) private readonly sessions: SessionsService,
    @Inject(EvidenceStore) private readonly store: EvidenceStore,
    @Inject(EvidenceProofs) private readonly proofs: EvidenceProofs,
    @Inject(DeliveriesOfSessions) private readonly deliveries: DeliveriesOfSessions,
  ) {}

  async of(sessionId: string): Promise<EvidenceResponse | 'not-found' | 'not-sealed'> {
    const found = await this.sealed.find(sessionId);
    if (typeof found === 'string') return found;
    const { events } = found;
    const [proven, webhooks, deliveries] = await Promise.all([
      this.proofs.prove(events.map(({ position }) => position)),
      this.store.webhooksOf(found.session.attempts.map(({ id }) => id)),
      this.deliveries.deliveriesOfSession(sessionId),
    ]);
    const { proofs, ...tree } = proven;
    // Where the user identifies anew is as secret as a code.
    const { attempt: _live, attempts, identification: _secret, ...session } = this.sessions.view(found.session);
    return {
      kind: 'facecode-evidence',
      version: 1,
      session,
      attempts,
      events: events.map((event, nth) => ({ event, proof: proofs[nth]! })),
      ...tree,
      webhooks: webhooks.map(({ digest, receivedAt, ...webhook }) => ({
        ...webhook,
        digest: digest.toString('hex'),
        receivedAt: receivedAt.toISOString(),
      })),
      deliveries,
    };
  }
}
