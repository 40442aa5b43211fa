/** The message that the dashboard sends to try out a notification: signed like every webhook, but no result. */
import type { WebhookSender } from './webhook-sender.js';

/** iDenfy does not document what is in it. */
const body = JSON.stringify({ message: 'This is a test notification' });

export function sendTestMessage(sender: WebhookSender): { readonly status: 204 } {
  void sender.send({ token: 'test-message', body, signature: 'good' });
  return { status: 204 };
}
