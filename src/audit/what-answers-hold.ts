/**
 * Decides which reads are recorded: all, unless the classes of the answer are listed here. So a forgotten answer is recorded
 * needlessly, but never missed. Pure.
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

/** Answers with neither personal data nor audit data. */
const holdNeither: readonly Type[] = [
  // Only what the request itself said, with a new id, code or key.
  CreatedSessionResponse,
  ApiKeyResponse,
  ReviewNoteResponse,
  // Endpoints of consumers, and their state.
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

/** Sessions: the platform that made them reads them without a record. */
const holdSessions: readonly Type[] = [
  SessionResponse,
  SessionPageResponse,
  UserSessionResponse,
  CodeResponse,
  SessionEventsText,
];

/** @param answers classes that the route may answer with; empty: no body, or not declared */
export function mustRecord(reader: Principal, answers: AnswerTypes): boolean {
  // The client token shows its user the user's view of their own session.
  if (reader.kind === 'client-token') return false;
  const free = isPlatform(reader) ? [...holdNeither, ...holdSessions] : holdNeither;
  return answers.length === 0 || answers.some((type) => type === null || !free.includes(type));
}

/**
 * Whether the key is a platform's own. A key that may also watch, review or administer is not: a person who investigates
 * holds it, so their reads are recorded.
 */
const isPlatform = ({ scopes }: Extract<Principal, { kind: 'api-key' }>): boolean =>
  scopes.includes('sessions') && !mayAct(scopes, ['audit', 'review']);
