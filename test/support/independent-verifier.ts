/**
 * Verifies the journal's files, written from these texts alone: RFC 6962 (trees), RFC 9162 2.1.3.2 and 2.1.4.2
 * (verifying proofs), RFC 8785 (canonical JSON), C2SP signed-note and tlog-checkpoint. Nothing of src/ is used, because
 * a mistake that service and verifier share would stay hidden. Throws if anything does not hold.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';

type Value = null | boolean | number | string | Value[] | { [name: string]: Value };
type Members = { [name: string]: Value };

function need(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const sha256 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 8785 */
export function canonicalForm(value: Value): string {
  if (Array.isArray(value)) return '[' + value.map(canonicalForm).join(',') + ']';
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    // Array.prototype.sort without a comparison orders by UTF-16 code units.
    names.sort();
    return '{' + names.map((name) => `${JSON.stringify(name)}:${canonicalForm(value[name]!)}`).join(',') + '}';
  }
  return JSON.stringify(value);
}

/** The leaf of an event: all members except `personal`. */
export function eventLeaf(event: Members): Buffer {
  const rest = { ...event };
  delete rest.personal;
  return sha256(Buffer.of(0), canonicalForm(rest));
}

const parent = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);

/** k of RFC 6962 2.1: the largest power of two smaller than n */
const splitOf = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);

/** MTH of RFC 6962 2.1 */
export function treeHead(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  const k = splitOf(leaves.length);
  return parent(treeHead(leaves.slice(0, k)), treeHead(leaves.slice(k)));
}

export interface Note {
  origin: string;
  size: number;
  root: Buffer;
}

/** C2SP: signed-note with an Ed25519 key, and the body of tlog-checkpoint. */
export function openNote(note: string, publicKeyPem: string): Note {
  const key = createPublicKey(publicKeyPem);
  const raw = Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url');
  const [body, signatures, ...more] = note.split('\n\n');
  need(body !== undefined && signatures !== undefined && more.length === 0, 'the note has no signatures');
  const text = `${body}\n`;
  const [origin, size, root] = body.split('\n');
  const id = sha256(`${origin}\n`, Buffer.of(1), raw).subarray(0, 4);
  const signed = signatures.split('\n').some((line) => {
    const [dash, name, base64, ...rest] = line.split(' ');
    const bytes = Buffer.from(base64 ?? '', 'base64');
    if (dash !== '—' || name !== origin || rest.length > 0 || bytes.toString('base64') !== base64) return false;
    return bytes.subarray(0, 4).equals(id) && verify(null, Buffer.from(text), key, bytes.subarray(4));
  });
  need(signed, 'the key has not signed the note');
  need(/^(0|[1-9]\d*)$/.test(size ?? ''), 'the size is not a number');
  return { origin: origin!, size: Number(size), root: hash(root) };
}

function hash(base64: Value | undefined): Buffer {
  const bytes = Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64');
  need(bytes.length === 32 && bytes.toString('base64') === base64, 'a hash is not one');
  return bytes;
}

const hashes = (list: Value | undefined): Buffer[] => {
  need(Array.isArray(list), 'the hashes are missing');
  return list.map(hash);
};

/** RFC 9162 2.1.3.2 */
export function checkInclusion(leaf: Buffer, index: number, size: number, path: readonly Buffer[], root: Buffer): void {
  need(index >= 0 && index < size, 'the leaf is outside of the tree');
  let [fn, sn, r] = [BigInt(index), BigInt(size - 1), leaf];
  for (const p of path) {
    need(sn !== 0n, 'the path is too long');
    if ((fn & 1n) === 1n || fn === sn) {
      r = parent(p, r);
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else r = parent(r, p);
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  need(sn === 0n && r.equals(root), 'the path does not lead to the root');
}

/** RFC 9162 2.1.4.2; for equal sizes, or from size 0, there is nothing to prove */
export function checkConsistency(
  from: { size: number; root: Buffer },
  to: { size: number; root: Buffer },
  proof: readonly Buffer[],
): void {
  need(from.size <= to.size, 'the tree has shrunk');
  if (from.size === to.size || from.size === 0) {
    need(proof.length === 0, 'there is nothing to show');
    need(from.size === 0 || from.root.equals(to.root), 'one size has two roots');
    return;
  }
  const isPower = Number.isInteger(Math.log2(from.size));
  const path = isPower ? [from.root, ...proof] : [...proof];
  need(path.length > 0, 'the proof is empty');
  let [fn, sn] = [BigInt(from.size - 1), BigInt(to.size - 1)];
  while ((fn & 1n) === 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [path[0]!, path[0]!];
  for (const c of path.slice(1)) {
    need(sn !== 0n, 'the proof is too long');
    if ((fn & 1n) === 1n || fn === sn) {
      [fr, sr] = [parent(c, fr), parent(c, sr)];
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else sr = parent(sr, c);
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  need(sn === 0n && fr.equals(from.root) && sr.equals(to.root), 'the younger tree does not begin with the older');
}

/** The root of the given leaves and, for the rest of the tree, the hashes in order. */
function rangeHead(leaves: readonly Buffer[], start: number, size: number, outside: readonly Buffer[]): Buffer {
  const [left, end] = [[...outside], start + leaves.length];
  const of = (at: number, count: number): Buffer => {
    if (at >= end || at + count <= start) {
      const given = left.shift();
      need(given !== undefined, 'the proof is too short');
      return given;
    }
    if (count === 1) return leaves[at - start]!;
    const k = splitOf(count);
    return parent(of(at, k), of(at + k, count - k));
  };
  const root = size === 0 ? treeHead([]) : of(0, size);
  need(left.length === 0, 'the proof is too long');
  return root;
}

const parseLine = (line: string): Members => {
  const value = JSON.parse(line) as Members;
  need(JSON.stringify(value) === line, 'the line is not compact JSON without double members');
  return value;
};

const compare = (a: Value | undefined, b: Value, what: string): void => need(a === b, what);

function checkPersonal({ personal, personalDigest }: Members): void {
  need(personal !== undefined && personalDigest !== undefined, 'personal or its digest is missing');
  if (personal !== null) compare(personalDigest, sha256(canonicalForm(personal)).toString('hex'), 'the personal data');
}

function checkSeq(seen: Map<Value, number>, { sessionId, seq }: Members, first: number | null): void {
  if (sessionId === null && seq === null) return;
  need(typeof sessionId === 'string' && typeof seq === 'number', 'a session or seq is missing');
  const before = seen.get(sessionId) ?? (first ?? seq) - 1;
  compare(seq, before + 1, 'seq has a gap');
  seen.set(sessionId, seq);
}

/** The signed tree of a proof, whose keys must all be the trusted one. */
function noteOf(proof: Members, publicKeyPem: string): Note {
  const note = openNote(proof.checkpoint as string, publicKeyPem);
  compare(proof.treeSize, note.size, 'the size');
  const key = createPublicKey(publicKeyPem);
  compare(proof.publicKey, key.export({ format: 'pem', type: 'spki' }).toString(), 'the key');
  const raw = Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url');
  const id = sha256(`${note.origin}\n`, Buffer.of(1), raw).subarray(0, 4).toString('hex');
  const encoded = Buffer.concat([Buffer.of(1), raw]).toString('base64');
  compare(proof.verifierKey, `${note.origin}+${id}+${encoded}`, 'the verifier key');
  return note;
}

/** Verifies an NDJSON export with the trusted key. */
export function checkExport(text: string, publicKeyPem: string): { events: Members[]; note: Note } {
  const lines = text.split('\n');
  compare(lines.pop(), '', 'the last line has no end');
  const proof = parseLine(lines.pop() ?? '');
  compare(proof.kind, 'facecode-export-proof', 'the proof is missing');
  compare(proof.version, 1, 'the version');
  compare(Object.keys(proof).length, 9, 'the proof has other members');
  const note = noteOf(proof, publicKeyPem);
  const events = lines.map(parseLine);
  const from = proof.from as number;
  need(Number.isInteger(from) && from >= 1, 'from');
  compare(proof.to, from + events.length - 1, 'the number of events');
  const seen = new Map<Value, number>();
  events.forEach((event, nth) => {
    compare(event.position, from + nth, 'a position');
    checkSeq(seen, event, from === 1 ? 1 : null);
    checkPersonal(event);
  });
  const root = rangeHead(events.map(eventLeaf), from - 1, note.size, hashes(proof.hashes));
  need(root.equals(note.root), 'the events do not lead to the signed root');
  return { events, note };
}

/** Verifies an NDJSON export of one platform with the trusted key. */
export function checkPlatformExport(text: string, publicKeyPem: string): Members[] {
  const lines = text.split('\n');
  compare(lines.pop(), '', 'the last line has no end');
  const last = parseLine(lines.pop() ?? '');
  names(last, 'checkpoint events from kind platform publicKey signature to treeSize verifierKey version');
  compare(last.kind, 'facecode-export-proof', 'the proof is missing');
  compare(last.version, 2, 'the version');
  const note = noteOf(last, publicKeyPem);
  const { platform, from, to } = last as { platform: Value; from: number; to: number };
  const seen = new Map<Value, number>();
  let before = from - 1;
  const events = lines.map((line) => {
    const { proof, ...event } = parseLine(line);
    names(proof, 'hashes leafIndex treeSize');
    const { leafIndex, treeSize, hashes: path } = proof as Members;
    const position = event.position as number;
    need(position > before && position <= to, 'a position');
    before = position;
    compare(leafIndex, position - 1, 'the index');
    compare(treeSize, note.size, 'the tree of a proof');
    checkInclusion(eventLeaf(event), position - 1, note.size, hashes(path), note.root);
    compare(
      event.platform === undefined && event.sessionId !== null ? 'main' : event.platform,
      platform,
      'the platform',
    );
    checkSeq(seen, event, null);
    checkPersonal(event);
    return event;
  });
  compare(last.events, events.length, 'the number of events');
  const kind = 'facecode-platform-export-statement';
  const statement = { kind, version: 1, platform, from, to, events: events.length, treeSize: note.size };
  const bytes = Buffer.from(last.signature as string, 'base64');
  compare(bytes.toString('base64'), last.signature!, 'the form of the signature');
  const signed = verify(null, Buffer.from(canonicalForm(statement)), createPublicKey(publicKeyPem), bytes);
  need(signed, 'the key has not signed the number of events');
  return events;
}

/** Verifies the events of an evidence file with their proofs. */
export function checkProvenEvents(bundle: Members, publicKeyPem: string): { events: Members[]; note: Note } {
  const note = openNote(bundle.checkpoint as string, publicKeyPem);
  compare(bundle.treeSize, note.size, 'the size');
  const seen = new Map<Value, number>();
  const events = (bundle.events as { event: Members; proof: Members }[]).map((entry) => {
    const { event, proof } = entry;
    names(entry, 'event proof');
    names(proof, 'hashes leafIndex');
    compare(proof.leafIndex, (event.position as number) - 1, 'the index');
    checkSeq(seen, event, 1);
    checkPersonal(event);
    checkInclusion(eventLeaf(event), proof.leafIndex as number, note.size, hashes(proof.hashes), note.root);
    return event;
  });
  return { events, note };
}

/** Requires exactly these members. @param list sorted names, separated by spaces */
function names(value: Value | undefined, list: string): void {
  need(typeof value === 'object' && value !== null && !Array.isArray(value), 'an object is missing');
  compare(Object.keys(value).sort().join(' '), list, 'the members');
}

const same = (a: Value | undefined, b: Value, what: string): void =>
  need(a !== undefined && canonicalForm(a) === canonicalForm(b), what);

const textOrNull = (value: Value | undefined): Value => value ?? null;

/** Applies the events one after the other, as the event catalogue describes each type. */
function retell(events: readonly Members[]): { session: Members; attempts: Members[] } {
  const [created] = events;
  compare(created?.type, 'session.created', 'the first event');
  const asked = created!.data as Members;
  const personal = (created!.personal ?? {}) as Members;
  const session: Members = {
    id: created!.sessionId!,
    status: 'pending',
    reason: null,
    endedAt: null,
    ...Object.fromEntries(
      ['scanRef', 'locale', 'channels', 'maxAttempts', 'codeLifetimeSeconds', 'retryOn'].map((name) => [
        name,
        asked[name]!,
      ]),
    ),
    reference: textOrNull(personal.reference),
    metadata: personal.metadata ?? {},
    // Events from before there were platforms do not name one.
    platform: created!.platform ?? 'main',
    seq: events.length,
    createdAt: created!.at!,
    updatedAt: events.at(-1)!.at!,
    expiresAt: new Date(Date.parse(created!.at as string) + 1000 * (asked.sessionLifetimeSeconds as number)).toJSON(),
  };
  const attempts: Members[] = [];
  for (const { type, at, attemptId, data, sessionId } of events as unknown as (Members & { data: Members })[]) {
    compare(sessionId, session.id!, 'the session of an event');
    const attempt = attempts.find(({ id }) => id === attemptId) ?? {};
    const [of, word] = (type as string).split('.') as [string, string];
    if (type === 'attempt.requested') {
      const empty = { reason: null, outcome: null, issuedAt: null, revealedAt: null, expiresAt: null, endedAt: null };
      attempts.push({ id: attemptId!, number: data.number!, state: 'requested', ...empty, signals: [] });
    } else if (type === 'attempt.issued') {
      Object.assign(attempt, { state: word, issuedAt: data.issuedAt, expiresAt: data.expiresAt });
      if (session.status === 'pending') session.status = 'active';
    } else if (type === 'attempt.awaiting-selfie') Object.assign(attempt, { state: word, revealedAt: at });
    else if (type === 'attempt.passed' || type === 'attempt.retry') {
      Object.assign(attempt, { state: word, outcome: data.outcome, endedAt: at });
    } else if (type === 'attempt.void') Object.assign(attempt, { state: word, reason: data.reason, endedAt: at });
    else if (type === 'risk.flagged' && attemptId !== null) {
      const signals = attempt.signals as Value[];
      if (!signals.includes(data.signal!)) signals.push(data.signal!);
    } else if (of === 'session' && word !== 'created' && word !== 'identified') {
      Object.assign(session, {
        status: word,
        reason: textOrNull(data.reason),
        endedAt: word === 'in-review' ? null : at,
      });
    }
  }
  session.attemptsLeft = Math.max(0, (asked.maxAttempts as number) - attempts.length);
  return { session, attempts };
}

/** The verdict of each webhook that an event names. */
function toldVerdicts(events: readonly Members[]): Map<Value, Value> {
  const verdicts = new Map<Value, Value>();
  for (const { type, actor, data } of events as unknown as { type: string; actor: Members; data: Members }[]) {
    if (actor.kind !== 'idenfy') continue;
    if (['attempt.passed', 'attempt.retry', 'session.identified'].includes(type)) verdicts.set(actor.id!, 'moved');
    if (['attempt.conflict', 'attempt.late-result'].includes(type)) verdicts.set(actor.id!, data.reason!);
  }
  return verdicts;
}

function checkWebhooks(webhooks: Value | undefined, events: readonly Members[]): string[] {
  need(Array.isArray(webhooks), 'the webhooks are missing');
  const verdicts = toldVerdicts(events);
  const unnamed: string[] = [];
  (webhooks as Members[]).forEach((webhook, nth) => {
    names(webhook, 'digest id receivedAt state verdict');
    need(/^[0-9a-f]{64}$/.test(webhook.digest as string), 'the digest of a webhook');
    const told = verdicts.get(webhook.id!);
    if (told === undefined) {
      unnamed.push(`webhooks[${nth}]`);
      need([null, 'replayed', 'not-allowed-from-state'].includes(webhook.verdict as string), 'a verdict without event');
    } else {
      compare(webhook.state, 'applied', 'the state of a webhook');
      compare(webhook.verdict, told, 'the verdict of a webhook');
    }
  });
  const ids = (webhooks as Members[]).map(({ id, receivedAt }) => [receivedAt, id].join());
  same([...new Set(ids)].sort(), ids, 'the order of the webhooks');
  const known = new Set((webhooks as Members[]).map(({ id }) => id));
  for (const id of verdicts.keys()) need(known.has(id), 'a webhook is missing');
  return unnamed;
}

function checkDeliveries(deliveries: Value | undefined, events: readonly Members[]): void {
  need(Array.isArray(deliveries), 'the deliveries are missing');
  for (const delivery of deliveries as Members[]) {
    names(delivery, 'attempts createdAt endedAt endpointId eventId eventType id nextTryAt position sessionId state');
    for (const one of delivery.attempts as Members[]) names(one, 'at durationSeconds error status');
    const event = events.find(({ id }) => id === delivery.eventId);
    need(event !== undefined, 'the event of a delivery');
    compare(delivery.eventType, event.type!, 'the type of a delivery');
    compare(delivery.position, event.position!, 'the position of a delivery');
    compare(delivery.sessionId, event.sessionId!, 'the session of a delivery');
  }
  const ids = (deliveries as Members[]).map(({ id }) => id!);
  same([...new Set(ids)].sort(), ids, 'the order of the deliveries');
}

const unproven = [
  ...['digest', 'receivedAt'].map((name) => `webhooks[].${name}`),
  ...['id', 'endpointId', 'state', 'nextTryAt', 'createdAt', 'endedAt', 'attempts'].map(
    (name) => `deliveries[].${name}`,
  ),
];

/** Verifies an evidence file: its events, and everything else in it. */
export function checkEvidence(text: string, publicKeyPem: string): Members[] {
  const bundle = JSON.parse(text) as Members;
  names(
    bundle,
    'attempts checkpoint deliveries events kind publicKey session statement treeSize unproven verifierKey version webhooks',
  );
  compare(bundle.kind, 'facecode-evidence', 'the kind');
  compare(bundle.version, 2, 'the version');
  const { events, note } = checkProvenEvents(bundle, publicKeyPem);
  const told = retell(events);
  // Neither do files from then.
  const { platform: named } = bundle.session as Members;
  if (events[0]!.platform === undefined && named === undefined) delete told.session.platform;
  same(bundle.session, told.session, 'the session is not what the events say');
  same(bundle.attempts, told.attempts, 'the attempts are not what the events say');
  const unnamed = checkWebhooks(bundle.webhooks, events);
  checkDeliveries(bundle.deliveries, events);
  same(bundle.unproven, { saidBy: note.origin, members: [...unproven, ...unnamed] }, 'what is not proven');

  const { signature, ...statement } = bundle.statement as Members;
  const bytes = Buffer.from(signature as string, 'base64');
  compare(bytes.toString('base64'), signature!, 'the form of the signature');
  const signed = verify(null, Buffer.from(canonicalForm(statement)), createPublicKey(publicKeyPem), bytes);
  need(signed, 'the key has not signed the statement');
  const digest = (value: Value | undefined) => sha256(canonicalForm(value!)).toString('hex');
  const expected = {
    kind: 'facecode-evidence-statement',
    version: 1,
    sessionId: told.session.id!,
    events: events.length,
    treeSize: note.size,
    madeAt: statement.madeAt!,
    webhooksDigest: digest(bundle.webhooks),
    deliveriesDigest: digest(bundle.deliveries),
  };
  same(statement, expected, 'the statement is not about this file');
  return events;
}
