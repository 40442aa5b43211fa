/**
 * Verifies the evidence of a session with the file and a key alone. The proofs show that the events are in the journal.
 * From the events follow the session, its attempts, and what webhooks and deliveries may say. The signed statement
 * shows that no event is missing at the end. The file lists everything else as `unproven`. Pure.
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
  /** when the service signed the file */
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

/** @param bundle the parsed file @param trusted null: use the key in the file */
export function verifyEvidence(bundle: JsonObject, trusted: TrustedKey | null): EvidenceVerdict {
  if (bundle.version !== evidenceVersion) return bad(null, whyNotVersion(bundle.version));
  if (!hasMembers(bundle, members)) {
    const strange = Object.keys(bundle).find((name) => !members.includes(name));
    return bad(null, strange === undefined ? 'a member is missing' : `it has an unknown member "${strange}"`);
  }
  if (canonical(bundle) === null) return bad(null, 'it is not JSON that RFC 8785 can express');
  const proven = verifyProvenEvents(bundle, trusted);
  if (!proven.ok) return proven;
  const history = asHistory(proven.events);
  if (typeof history === 'string') return bad(null, history);
  const told = tellSession(history);
  if (typeof told === 'string') return bad(null, told);
  const fault =
    firstDifference(sessionAsToldIn(bundle, told.session, history), bundle.session, 'session') ??
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
    ? 'it is evidence of version 1, which does not prove session and attempts: get it from the service again'
    : `it is not evidence of version ${evidenceVersion}`;

/** The proofs show only that the holder of the key signed the events. This checks that they look like our events. */
function asHistory(events: readonly JsonObject[]): JournalEvent[] | string {
  const sessionId = events[0]?.sessionId;
  if (typeof sessionId !== 'string') return 'it has no event of a session';
  for (const event of events) {
    if (event.sessionId !== sessionId) return 'its events belong to several sessions';
    const { id, type, attemptId, at, actor, data } = event;
    const texts = [id, type, at].every((value) => typeof value === 'string');
    const shaped = isObject(actor) && isObject(data) && (attemptId === null || typeof attemptId === 'string');
    if (!texts || !shaped) return 'one of its events is not an event of Facecode';
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

/** Files and events from before there were platforms name none. Whoever kept such a file must be able to verify it. */
function sessionAsToldIn(bundle: JsonObject, told: ProvenSession, history: readonly JournalEvent[]): Json {
  const { platform, ...rest } = told;
  const isOld =
    history[0]!.platform === undefined && isObject(bundle.session) && !Object.hasOwn(bundle.session, 'platform');
  return (isOld ? rest : { ...rest, platform }) as unknown as Json;
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
    return `it is not complete: the service signed ${String(found.events)} events, but the file has ${history.length}`;
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
      return `its ${name} are not the ones that the service signed`;
  }
  return firstDifference(expected as unknown as Json, found, 'statement');
}

const unprovenOf = ({ webhooks }: JsonObject, history: readonly JournalEvent[]): string[] =>
  unprovenMembers(webhooks as unknown as { id: string }[], history);

/** The file itself must list what is not proven, for people who read it without a verifier. */
function faultOfUnproven(bundle: JsonObject, history: readonly JournalEvent[], { origin }: SignedTree): string | null {
  const expected = { saidBy: origin, members: unprovenOf(bundle, history) };
  return firstDifference(expected, bundle.unproven, 'unproven');
}
