/** What the person in front of the camera does: the one way, besides time, to end a session. */
import { type FinalStatus, finalStatuses } from '../idenfy/contract.js';
import { bad, isRefusal, missing, type Refusal } from './refusal.js';
import type { Sessions } from './sessions.js';
import type { Verdicts } from './verdicts.js';

/** The body of POST /app/selfie; either the code or the token. */
export interface SelfieRequest {
  digitString?: string;
  token?: string;
  outcome: FinalStatus;
  /** only with FAILED; FACE_MISMATCH when absent */
  failReason?: string | null;
  ipAddress?: string | null;
  riskTags?: string[] | null;
}

export type SelfieAnswer = { readonly status: 204 } | Refusal;

const defaultIpAddress = '203.0.113.7';

export function takeSelfie(body: unknown, sessions: Sessions, verdicts: Verdicts): SelfieAnswer {
  const selfie = readSelfie(body);
  if (isRefusal(selfie)) return selfie;
  const { digitString, token, outcome, failReason, ipAddress, riskTags } = selfie;
  const session = token === undefined ? sessions.withDigits(digitString ?? '') : sessions.withToken(token);
  if (!session) return { status: 404, identifier: 'NOT_FOUND', message: 'no session has this code or token' };
  const { state } = session;
  const told = verdicts.give(session, outcome, {
    failReason: failReason ?? null,
    ipAddress: ipAddress === undefined ? defaultIpAddress : ipAddress,
    riskTags: riskTags ?? null,
  });
  return told
    ? { status: 204 }
    : { status: 409, identifier: 'SESSION_ENDED', message: `the session has ended: ${state}` };
}

function readSelfie(body: unknown): SelfieRequest | Refusal {
  if (typeof body !== 'object' || body === null) return bad('the body must be a JSON object');
  const { digitString, token, outcome, failReason, ipAddress, riskTags } = body as Record<string, unknown>;
  if (digitString === undefined && token === undefined) return missing('digitString or token');
  if (digitString !== undefined && token !== undefined) return bad('give digitString or token, not both');
  if (!isText(digitString) || digitString === null) return bad('digitString must be a string: its zeros count');
  if (!isText(token) || token === null) return bad('token must be a string');
  if (outcome === undefined) return missing('outcome');
  const status = finalStatuses.find((known) => known === outcome);
  if (!status) return bad(`outcome must be one of ${finalStatuses.join(', ')}`);
  if (!isText(failReason) || (failReason ?? '').length > 255)
    return bad('failReason must be text of at most 255 characters');
  if (failReason && status !== 'FAILED') return bad('failReason goes with FAILED only');
  if (!isText(ipAddress)) return bad('ipAddress must be text');
  if (!isTags(riskTags)) return bad('riskTags must be a list of strings');
  return { digitString, token, outcome: status, failReason, ipAddress, riskTags };
}

function isText(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string';
}

function isTags(value: unknown): value is string[] | null | undefined {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && value.every((tag) => typeof tag === 'string');
}
