/**
 * What iDenfy and we say to each other, as types and constants. No behaviour; the service's client and the simulator
 * both stand on this file and on nothing else in common. Each quirk is explained in ./README.md.
 */

export const paths = {
  /** GET; method is a query parameter. */
  checkStatus: (scanRef: string) => `/identification/facial-auth/${encodeURIComponent(scanRef)}/check-status/`,
  /** POST */
  createSession: '/partner/authentication-info',
  /** POST; section 6 */
  createIdentification: '/api/v2/token',
  /** GET, a plain array of every session of the account */
  listSessions: '/api/v2/facial-authentication-sessions/',
  /** GET */
  readSession: (token: string) => `/api/v2/facial-authentication-sessions/${encodeURIComponent(token)}/`,
} as const;

export const headers = {
  eventType: 'idenfy-event-type',
  /** lower-case hex HMAC-SHA256 over the raw body */
  signature: 'idenfy-signature',
} as const;

export const faceAuthenticationEvent = 'FACIAL_AUTHENTICATION';
export const authenticationType = 'AUTHENTICATION';
export const faceMatching = 'FACE_MATCHING';

/** The languages of iDenfy's pages, section 2: always in lower case. */
export const locales =
  'en es fr ru de it pl lt lv et sv cs ro hu ja bg nl pt uk sk si vi th hi id hr da fi el no tr sr zh zh_tw ko'.split(
    ' ',
  );

/** The body of POST /partner/authentication-info, section 2. */
export interface CreateSessionRequest {
  scanRef: string;
  type: typeof authenticationType;
  method: typeof faceMatching;
  /** asked for only when the digits for the app are wanted */
  generateDigitString?: true;
  /** one of `locales` */
  locale?: string;
  /** seconds */
  lifetime: number;
}

export const identificationTokenType = 'IDENTIFICATION';

/** The body of POST /api/v2/token, section 6. */
export interface CreateIdentificationRequest {
  /** ours, at most 100 characters; the webhook repeats it */
  clientId: string;
  tokenType: typeof identificationTokenType;
  locale?: string;
  /** seconds that the user has to begin, 1 to 2,592,000 */
  expiryTime: number;
}

/** Section 3. */
export interface ProviderSession {
  id: string;
  givenScanRef: string;
  tokenString: string;
  /** true: passed; false: failed; null: not finished, expired or canceled */
  approved: boolean | null;
  type: string;
  authenticationMethod: string;
  facePhoto: string | null;
}

export const finalStatuses = ['SUCCESS', 'FAILED', 'EXPIRED', 'CANCELED'] as const;
export type FinalStatus = (typeof finalStatuses)[number];

/** Known reasons, section 4; the list is open. */
export const knownFailReasons = [
  'FACE_MISMATCH',
  'FAKE_FACE',
  'VIRTUAL_CAMERA',
  'FACE_NOT_FOUND',
  'TOO_MANY_FACES',
  'FACE_ANGLE_TOO_LARGE',
  'FACE_TOO_SMALL',
  'FACE_CLOSE_TO_BORDER',
  'FACE_TOO_CLOSE',
  'FACE_CROPPED',
  'FACE_IS_OCCLUDED',
  'EYES_CLOSED',
  'FAILED_TO_PREDICT_LANDMARKS',
  'PROBABILITY_TOO_SMALL',
  'FAKE_CAPTURE',
  'DUPLICATE_IMAGE',
] as const;

/** The types of the webhooks that tell how an identification came out, section 6. */
export const identificationEvents = [
  'IDENTIFICATION',
  'IDENTIFICATION_AUTO_FINISHED',
  'IDENTIFICATION_MANUAL_FINISHED',
] as const;

/** What counts in the webhook of an identification; it has much more, personal data and documents. */
export interface IdentificationWebhookBody {
  /** final only when it is `true` */
  final: boolean | null;
  /** good only when `overall` is exactly `APPROVED` */
  status: { overall: string | null } | null;
  scanRef: string;
  clientId?: string | null;
}

/** The webhook body, section 4. It has `status`, and at least one of `token` and `scanRef`. */
export interface WebhookBody {
  token?: string | null;
  status: string;
  id?: string | null;
  scanRef?: string | null;
  clientId?: string | null;
  type?: string | null;
  method?: string | null;
  failReason?: string | null;
  ipAddress?: string | null;
  riskTags?: string[] | null;
  /** presigned address of the photo: biometric data, never stored, forwarded or logged */
  facePhoto?: string | null;
}
