/**
 * Verifies the evidence of a session with nothing but the file and a key. The proofs show that the events are those of
 * the journal; the events say what session, attempts, webhooks and deliveries have to be; the signed statement says that
 * no event is missing at the end. What none of this proves is listed in the file as `unproven`. Pure.
 */
import type { Json } from '../core/canonical-json.js';
import type { TrustedKey } from '../journal/export/trusted-key.js';
import { canonical, hasMembers, isObject, type JsonObject } from '../journal/export/verify-event.js';
import { bad, type BadFile, type ProvenRange, verifyProvenEvents } from '../journal/export/verify-file.js';
import type { SignedTree } from '../journal/export/verify-proof.js';
import type { JournalEvent } from '../journal/journal-event.js';
import { faultOfDeliveries, faultOfWebhooks, unprovenMembers } from './evidence-records.js';
import { digestOfJson, type EvidenceStatement, isSignedStatement } from './evidence-statement.js';
import { firstDifference } from './first-difference.js';
import { type ProvenSession, provenSession } from './proven-session.js';

export const evidenceVersion = 2;

interface GoodEvidence extends ProvenRange {
  ok: true;
  kind: 'evidence';
  session: Pick<ProvenSession, 'id' | 'status' | 'reason'>;
  /** when the service signed it */
  madeAt: string;
  /** members that no event proves */
  unproven: string[];
}

export type EvidenceVerdict = GoodEvidence | BadFile;

const members = [
  'kind',
  'version',
  'session',
  'attempts',
  'events',
  'treeSize',
  'checkpoint',
  'publicKey',
  'verifierKey',
  'webhooks',
  'deliveries',
  'statement',
  'unproven',
];

/** @param bundle parsed @param trusted null: the key in the file */
export function verifyEvidence(bundle: JsonObject, trusted: TrustedKey | null): EvidenceVerdict {
  if (bundle.version !== evidenceVersion) return bad(null, whyNotVersion(bundle.version));
  if (!hasMembers(bundle, members)) {
    const strange = Object.keys(bundle).find((name) => !members.includes(name));
    return bad(null, strange === undefined ? 'a member is missing' : `nobody knows its member "${strange}"`);
  }
  if (canonical(bundle) === null) return bad(null, 'it is no JSON of RFC 8785');
  const proven = verifyProvenEvents(bundle, trusted);
  if (!proven.ok) return proven;
  const history = asHistory(proven.events);
  if (typeof history === 'string') return bad(null, history);
  const told = tellSession(history);
  if (typeof told === 'string') return bad(null, told);
  const fault =
    firstDifference(told.session as unknown as Json, bundle.session, 'session') ??
    firstDifference(told.attempts as unknown as Json, bundle.attempts, 'attempts') ??
    faultOfWebhooks(bundle.webhooks, history) ??
    faultOfDeliveries(bundle.deliveries, history) ??
    faultOfStatement(bundle, history, proven.tree) ??
    faultOfUnproven(bundle, history, proven.tree);
  if (fault !== null) return bad(null, fault);
  const { size: treeSize, origin, keyId } = proven.tree;
  return {
    ok: true,
    kind: 'evidence',
    session: told.session,
    madeAt: String((bundle.statement as JsonObject).madeAt),
    unproven: unprovenOf(bundle, history),
    events: history.length,
    erased: proven.erased,
    from: history[0]!.position,
    to: history.at(-1)!.position,
    treeSize,
    origin,
    keyId,
  };
}

const whyNotVersion = (version: Json | undefined): string =>
  version === 1
    ? 'it is of version 1, whose session and attempts nothing proves: get the evidence from the service again'
    : `it is not evidence of version ${evidenceVersion}`;

/** Proven are the events by their key alone: that they look like ours is still to be seen. */
function asHistory(events: readonly JsonObject[]): JournalEvent[] | string {
  const sessionId = events[0]?.sessionId;
  if (typeof sessionId !== 'string') return 'it has no events of a session';
  for (const event of events) {
    if (event.sessionId !== sessionId) return 'its events are of several sessions';
    const { id, type, attemptId, at, actor, data } = event;
    const texts = [id, type, at].every((value) => typeof value === 'string');
    const shaped = isObject(actor) && isObject(data) && (attemptId === null || typeof attemptId === 'string');
    if (!texts || !shaped) return 'one of its events is no event of Facecode';
  }
  return events as unknown as JournalEvent[];
}

function tellSession(history: readonly JournalEvent[]): ReturnType<typeof provenSession> | string {
  try {
    return provenSession(history);
  } catch (error) {
    return `its events are not the history of a session: ${(error as Error).message}`;
  }
}

function faultOfStatement(
  { statement, webhooks, deliveries }: JsonObject,
  history: readonly JournalEvent[],
  { size: treeSize, key }: SignedTree,
): string | null {
  if (!isObject(statement) || typeof statement.madeAt !== 'string') return 'its statement is missing';
  const { signature, ...found } = statement;
  const signed = isSignedStatement(found as unknown as EvidenceStatement, signature, key);
  if (!signed) return 'its statement is not signed with that key';
  if (found.events !== history.length) {
    return `it is not whole: the service signed ${String(found.events)} events, and ${history.length} are here`;
  }
  const expected: EvidenceStatement = {
    kind: 'facecode-evidence-statement',
    version: 1,
    sessionId: String(history[0]!.sessionId),
    events: history.length,
    treeSize,
    madeAt: statement.madeAt,
    webhooksDigest: digestOfJson(webhooks!),
    deliveriesDigest: digestOfJson(deliveries!),
  };
  for (const name of ['webhooks', 'deliveries'] as const) {
    if (found[`${name}Digest`] !== expected[`${name}Digest`])
      return `its ${name} are not those that the service signed`;
  }
  return firstDifference(expected as unknown as Json, found, 'statement');
}

const unprovenOf = ({ webhooks }: JsonObject, history: readonly JournalEvent[]): string[] =>
  unprovenMembers(webhooks as unknown as { id: string }[], history);

/** The file itself has to say what is not proven: who reads it without a verifier must not take it for more. */
function faultOfUnproven(bundle: JsonObject, history: readonly JournalEvent[], { origin }: SignedTree): string | null {
  const expected = { saidBy: origin, members: unprovenOf(bundle, history) };
  return firstDifference(expected, bundle.unproven, 'unproven');
}
