/** Ends sessions and tells it by webhook, each in the way its scanRef asked for. */
import { faceAuthenticationEvent, type FinalStatus } from '../idenfy/contract.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import type { Timers } from './timers.js';
import { pendingStatus, type SelfieDetails, webhookBody } from './webhook-body.js';
import type { Webhook, WebhookSender } from './webhook-sender.js';

const noDetails: SelfieDetails = { failReason: null, ipAddress: null, riskTags: null };

export class Verdicts {
  constructor(
    private readonly sessions: Sessions,
    private readonly sender: WebhookSender,
    private readonly timers: Timers,
  ) {}

  /**
   * Ends the session at once and comes back after the first attempt of its last webhook.
   *
   * @returns null when it had ended already
   */
  give(session: Session, status: FinalStatus, details: SelfieDetails = noDetails): Promise<void> | null {
    return this.sessions.end(session, status) ? this.tell(session, status, details) : null;
  }

  private async tell(session: Session, status: FinalStatus, details: SelfieDetails): Promise<void> {
    const webhooks = statusesTold(session, status).map((told): Webhook => {
      const eventType = session.wish?.name === 'no-event-type' ? null : faceAuthenticationEvent;
      const body = webhookBody(session, told, details);
      return { token: session.token, body, signature: signatureOf(session), eventType };
    });
    // Also without a wish to be late: the app has its answer before the webhook leaves.
    await this.timers.wait(session.wish?.name === 'late' ? session.wish.seconds : 0);
    for (const webhook of webhooks) await this.sender.send(webhook);
  }
}

function statusesTold({ wish }: Session, status: FinalStatus): (FinalStatus | typeof pendingStatus)[] {
  if (wish?.name === 'silent') return [];
  if (wish?.name === 'pending') return [pendingStatus, status];
  if (wish?.name === 'duplicate') return [status, status];
  if (wish?.name !== 'conflicting') return [status];
  if (status === 'SUCCESS') return ['SUCCESS', 'FAILED'];
  return status === 'FAILED' ? ['FAILED', 'SUCCESS'] : [status];
}

function signatureOf({ wish }: Session): Webhook['signature'] {
  if (wish?.name === 'unsigned') return 'none';
  return wish?.name === 'bad-signature' ? 'bad' : 'good';
}
