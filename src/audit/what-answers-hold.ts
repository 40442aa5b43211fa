/**
 * Which reads are recorded: all, unless the classes of the answer are listed here. So an answer that somebody forgets is
 * recorded once too often, and never once too little. Pure.
 */
import type { Type } from '@nestjs/common';
import {
  EndpointPageResponse,
  EndpointResponse,
  EndpointWithSecretResponse,
} from '../deliveries/endpoint.responses.js';
import { RecoveryResponse } from '../deliveries/delivery.responses.js';
import type { AnswerTypes } from '../http/api-answers.js';
import { ApiKeyResponse } from '../access/api-keys.controller.js';
import { MetricsText } from '../http/metrics.controller.js';
import { mayAct, type Principal } from '../http/scopes.js';
import {
  CheckpointResponse,
  ConsistencyProofResponse,
  InclusionProofResponse,
  JournalKeyResponse,
} from '../journal/tree/journal.responses.js';
import { ReviewNoteResponse } from '../sessions/review.responses.js';
import {
  CodeResponse,
  CreatedSessionResponse,
  SessionEventsText,
  SessionPageResponse,
  SessionResponse,
} from '../sessions/session.responses.js';
import { UserSessionResponse } from '../sessions/user-session.response.js';

/** Neither personal data nor anything that is kept for auditors. */
const holdNeither: readonly Type[] = [
  // Only what the request itself said, with a new id, code or key.
  CreatedSessionResponse,
  ApiKeyResponse,
  ReviewNoteResponse,
  // Systems of consumers and how they fare.
  EndpointResponse,
  EndpointWithSecretResponse,
  EndpointPageResponse,
  RecoveryResponse,
  // Hashes, sizes and signatures.
  CheckpointResponse,
  ConsistencyProofResponse,
  InclusionProofResponse,
  JournalKeyResponse,
  // Numbers by route, state and queue.
  MetricsText,
];

/** Sessions, which the platform that made them may read without a record. */
const holdSessions: readonly Type[] = [
  SessionResponse,
  SessionPageResponse,
  UserSessionResponse,
  CodeResponse,
  SessionEventsText,
];

/** @param answers what the route may answer with; none: it answers without a body, or nobody has said */
export function mustRecord(reader: Principal, answers: AnswerTypes): boolean {
  // The client token shows its user the user's view of their own session.
  if (reader.kind === 'client-token') return false;
  const free = isPlatform(reader) ? [...holdNeither, ...holdSessions] : holdNeither;
  return answers.length === 0 || answers.some((type) => type === null || !free.includes(type));
}

/**
 * A platform at work. A key that may also watch, review or administer is not: it is in the hands of somebody who looks into
 * things, and the same answer would show them everything.
 */
const isPlatform = ({ scopes }: Extract<Principal, { kind: 'api-key' }>): boolean =>
  scopes.includes('sessions') && !mayAct(scopes, ['audit', 'review']);
