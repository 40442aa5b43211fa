/** The two documented shapes of the webhook, and its spellings of the status. */
import type { FinalStatus, WebhookBody } from '../idenfy/contract.js';
import type { Session } from './session.js';

/** What the app tells besides the outcome. */
export interface SelfieDetails {
  readonly failReason: string | null;
  readonly ipAddress: string | null;
  readonly riskTags: string[] | null;
}

const clientId = 'sim-client';

export function webhookBody(session: Session, status: FinalStatus, details: SelfieDetails): string {
  const { token, scanRef, type, method, facePhoto } = session;
  const spelled = spelling(status, session);
  if (session.wish?.name === 'minimal') {
    return written({ token, clientId, scanRef, status: spelled, type, method, facePhoto: null });
  }
  return written({
    id: session.id,
    scanRef,
    clientId,
    status: spelled,
    token,
    type,
    method,
    facePhoto,
    ipAddress: details.ipAddress,
    failReason: status === 'FAILED' ? (details.failReason ?? 'FACE_MISMATCH') : null,
    riskTags: details.riskTags,
  });
}

function spelling(status: FinalStatus, { wish }: Session): string {
  if (wish?.name === 'title-case') return status.charAt(0) + status.slice(1).toLowerCase();
  return wish?.name === 'cancelled-double-l' && status === 'CANCELED' ? 'CANCELLED' : status;
}

/** With spaces, unlike JSON.stringify: a receiver that verifies what it has parsed and written again must fail. */
function written(body: WebhookBody): string {
  const members = Object.entries(body).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{${members.join(', ')}}`;
}
