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

/** A status before the outcome. iDenfy's OpenAPI file lists it in this spelling. */
export const pendingStatus = 'Pending';

export function webhookBody(
  session: Session,
  status: FinalStatus | typeof pendingStatus,
  details: SelfieDetails,
): string {
  const { token, scanRef, type, method } = session;
  const facePhoto = status === pendingStatus ? null : session.facePhoto;
  const spelled = status === pendingStatus ? status : spelling(status, session);
  if (session.wish?.name === 'minimal') {
    return written({ token, clientId, scanRef, status: spelled, type, method, facePhoto: null });
  }
  return written({
    id: session.id,
    scanRef,
    clientId,
    status: spelled,
    ...(session.wish?.name === 'tokenless' ? {} : { token }),
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
function written(body: Omit<WebhookBody, 'token'> & Partial<Pick<WebhookBody, 'token'>>): string {
  const members = Object.entries(body).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{${members.join(', ')}}`;
}
