/** The message that iDenfy's dashboard sends as a test. It is signed like every webhook, but it is not a result. */
import type { WebhookSender } from './webhook-sender.js';

/** iDenfy does not document the content. */
const body = JSON.stringify({ message: 'This is a test notification' });

export function sendTestMessage(sender: WebhookSender): { readonly status: 204 } {
  void sender.send({ token: 'test-message', body, signature: 'good' });
  return { status: 204 };
}
