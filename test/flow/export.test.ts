import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SETTINGS } from '../../src/config/settings.token.js';
import type { Settings } from '../../src/config/settings.js';
import { csvLine } from '../../src/journal/export/export-text.js';
import { parseExactly } from '../../src/journal/export/exact-json.js';
import { linesOf } from '../../src/journal/export/lines.js';
import { noteSigner, signCheckpoint, verifierKey } from '../../src/journal/tree/signed-note.js';
import { parseTrustedKey } from '../../src/journal/export/trusted-key.js';
import { type ExportVerdict, verifyExport, verifyProvenEvents } from '../../src/journal/export/verify-file.js';
import type { EventBody } from '../support/client.js';
import {
  checkConsistency,
  checkExport,
  checkInclusion,
  checkProvenEvents,
  eventLeaf,
  openNote,
  treeHead,
} from '../support/independent-verifier.js';
import { waitFor } from '../support/wait-for.js';
import { quietJournal } from '../support/quiet-journal.js';
import { onEveryStore } from '../support/world.js';

type Leaf = Parameters<typeof eventLeaf>[0];

interface Key {
  verifierKey: string;
  publicKey: string;
}

onEveryStore('what leaves the journal', (world) => {
  quietJournal(world);

  let events: EventBody[];
  let key: Key;
  let whole: string;
  let platformKey: string;

  const get = async <T>(path: string): Promise<T> => (await world().client.get(path).expect(200)).body as T;
  const fetched = (query: string) =>
    fetch(`${world().url}/v1/journal/export?${query}`, {
      headers: { authorization: `Bearer ${world().client.key}` },
    });
  const exported = async (query = '') => {
    const answer = await fetched(query);
    expect(answer.status).toBe(200);
    return answer.text();
  };
  const signerOf = (name = 'facecode.local/journal') =>
    noteSigner(name, world().service.service.app.get<Settings>(SETTINGS).keys.journal);

  /** As `facecode verify --key` does. */
  const ours = (file: Buffer | string, trusted = key.publicKey): Promise<ExportVerdict> =>
    verifyExport(linesOf(chunked(Buffer.from(file))), parseTrustedKey(trusted)!);

  /** Both verifiers, of which one knows nothing of the other. @returns whether they accept */
  async function accepted(file: Buffer | string, trusted = key.publicKey): Promise<boolean> {
    const verdict = await ours(file, trusted);
    const independent = (): boolean => {
      try {
        checkExport(file.toString(), trusted);
        return true;
      } catch {
        return false;
      }
    };
    expect(independent()).toBe(verdict.ok);
    return verdict.ok;
  }

  beforeAll(async () => {
    const { client, simulator, database } = world();
    const made = await client.post('/v1/api-keys', { name: 'platform', scopes: ['sessions'] }).expect(201);
    platformKey = (made.body as { key: string }).key;
    for (let n = 0; n < 4; n += 1) {
      const session = await client.create(`export-${n}`, {
        reference: `=order "${n}",\u2028 ä€😀`,
        metadata: { n: `@${n}` },
      });
      await simulator.selfie({ digitString: session.attempt!.code!, outcome: n % 2 ? 'SUCCESS' : 'FAILED' });
      await client.until(session.id, 'the result', ({ attempts }) => attempts[0]?.outcome != null);
    }
    const settled = async () =>
      (await database.query(`select from attempts where state = 'requested'`)).count === 0 &&
      (await database.query('select from events where position is null')).count === 0;
    await waitFor(settled, { what: 'everything to be sealed' });
    events = (await get<{ data: EventBody[] }>('/v1/events?limit=1000')).data;
    key = await get<Key>('/v1/journal/key');
    whole = await exported();
  });

  it('is every event as the API gives it, and its proof', async () => {
    const lines = whole.trimEnd().split('\n');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line) as unknown)).toEqual(events);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      kind: 'facecode-export-proof',
      version: 1,
      from: 1,
      to: events.length,
      treeSize: events.length,
      verifierKey: key.verifierKey,
      hashes: [],
    });
    expect(checkExport(whole, key.publicKey).events).toEqual(events);
    expect(await ours(whole)).toMatchObject({ ok: true, events: events.length, to: events.length });
    expect(await ours(whole, key.verifierKey)).toMatchObject({ ok: true, origin: 'facecode.local/journal' });
    expect(await verifyExport(linesOf(chunked(Buffer.from(whole))), null)).toMatchObject({ ok: true });
  });

  it('says what it is', async () => {
    const { headers } = await fetched('from=2&to=5');
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(headers.get('content-disposition')).toBe('attachment; filename="facecode-journal-2-5.ndjson"');
    expect((await fetched('format=csv')).headers.get('content-type')).toBe('text/csv; charset=utf-8');
  });

  it('proves any range of it', async () => {
    const size = events.length;
    for (const [from, to] of [
      [1, 1],
      [2, 2],
      [3, 9],
      [8, 16],
      [size, size],
      [2, size - 1],
    ] as const) {
      const part = await exported(`from=${from}&to=${to}`);
      expect(checkExport(part, key.publicKey).events).toEqual(events.slice(from - 1, to));
      expect(await accepted(part)).toBe(true);
    }
    const nothing = await exported(`from=${size + 5}`);
    expect(checkExport(nothing, key.publicKey).events).toEqual([]);
    expect(await accepted(nothing)).toBe(true);
    expect(JSON.parse(nothing)).toMatchObject({ from: size + 1, to: size });
  });

  it('takes times as well', async () => {
    const [from, to] = [events[4]!.at, events[12]!.at];
    const part = checkExport(await exported(`from=${from}&to=${to}`), key.publicKey).events as unknown as EventBody[];
    const wanted = events.filter(({ at }) => at >= from && at < to).map(({ position }) => position);
    expect(part.map(({ position }) => position)).toEqual(
      events.map(({ position }) => position).slice(Math.min(...wanted) - 1, Math.max(...wanted)),
    );
    expect(checkExport(await exported('to=2001-01-01'), key.publicKey).events).toEqual([]);
    expect(checkExport(await exported('from=2001-01-01T00:00:00%2B02:00'), key.publicKey).events).toEqual(events);
  });

  it.each([
    ['format=xml', 'format'],
    ['from=yesterday', 'from'],
    ['from=-1', 'from'],
    ['from=2026-02-31', 'from'],
    ['to=2026-01-01T10:00:00', 'to'],
    ['from=9&to=5', 'to'],
    ['page=2', 'page'],
  ])('refuses ?%s', async (query, field) => {
    const answer = await world().client.get(`/v1/journal/export?${query}`).expect(400);
    expect((answer.body as { errors: { field: string }[] }).errors[0]!.field).toBe(field);
  });

  it('is for auditors', async () => {
    await world().client.as(platformKey).get('/v1/journal/export').expect(403);
  });

  it('does not verify with a byte changed anywhere', async () => {
    for (const file of [whole, await exported('from=3&to=7')].map((text) => Buffer.from(text))) {
      await fc.assert(
        fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, difference) => {
          const changed = Buffer.from(file);
          changed[at] = changed[at]! ^ difference;
          expect(await accepted(changed)).toBe(false);
        }),
        { numRuns: 250 },
      );
    }
  });

  it('does not verify with an event removed, doubled or swapped, or without its end', async () => {
    const lines = whole.trimEnd().split('\n');
    const rejects = async (changed: string[], position?: number | null) => {
      expect(await accepted(`${changed.join('\n')}\n`)).toBe(false);
      if (position !== undefined) expect(await ours(`${changed.join('\n')}\n`)).toMatchObject({ ok: false, position });
    };
    for (let n = 0; n < lines.length - 1; n += 1) {
      await rejects(lines.toSpliced(n, 1));
      await rejects(lines.toSpliced(n, 0, lines[n]!), n + 2);
      await rejects(lines.toSpliced(n, 2, lines[n + 1]!, lines[n]!));
      await rejects(lines.slice(0, n + 1), n + 2);
    }
    await rejects(lines.toSpliced(4, 1), 5);
    await rejects(lines.toSpliced(4, 2, lines[5]!, lines[4]!), 5);
    await rejects([...lines, lines.at(-1)!]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 2 }), async (length) => {
        expect(await accepted(whole.slice(0, length))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('does not verify with a member there twice, or with other personal data', async () => {
    const [first, ...rest] = whole.split('\n');
    expect(await accepted([first!.replace('{', '{"data":{},'), ...rest].join('\n'))).toBe(false);
    const at = events.find(({ personal }) => personal !== null)!.position;
    const lines = whole.split('\n');
    const forged = { ...events[at - 1]!, personal: { ...events[at - 1]!.personal, reference: 'another' } };
    expect(await ours(lines.with(at - 1, JSON.stringify(forged)).join('\n'))).toMatchObject({
      ok: false,
      position: at,
    });
  });

  it('still verifies where personal data was erased', async () => {
    const erased = events.map((event) => JSON.stringify({ ...event, personal: null }));
    const file = [...erased, ...whole.split('\n').slice(-2)].join('\n');
    expect(await accepted(file)).toBe(true);
    expect(await ours(file)).toMatchObject({ erased: events.filter(({ personal }) => personal).length });
  });

  /** Another history of the same length, with all that proves it. */
  function forged(signer: ReturnType<typeof noteSigner>): { file: string; size: number; root: Buffer } {
    const other = events.map((event, n) => (n === 6 ? { ...event, data: { ...event.data, forged: true } } : event));
    const root = treeHead(other.map((event) => eventLeaf(event as unknown as Leaf)));
    const proof = {
      ...(JSON.parse(whole.trimEnd().split('\n').at(-1)!) as object),
      checkpoint: signCheckpoint({ origin: signer.name, size: events.length, root }, signer),
      verifierKey: verifierKey(signer),
      publicKey: signer.key.export({ format: 'pem', type: 'spki' }).toString(),
    };
    return { file: [...other, proof].map((line) => `${JSON.stringify(line)}\n`).join(''), size: events.length, root };
  }

  it('does not verify when another key has signed it, or the key in another name', async () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const theirs = noteSigner('facecode.local/journal', pem);
    const { file } = forged(theirs);
    expect(await accepted(file)).toBe(false);
    // It is of one piece, which is all that can be told by the key in it.
    expect(await verifyExport(linesOf(chunked(Buffer.from(file))), null)).toMatchObject({ ok: true });
    const renamed = forged(signerOf('other.example/journal'));
    expect(await ours(renamed.file, key.verifierKey)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('signed'),
    });
  });

  it('is held together by consistency proofs, which a forked history has not', async () => {
    const [smaller, size] = [5, events.length];
    const leaves = events.map((event) => eventLeaf(event as unknown as Leaf));
    const at = (count: number) => ({ size: count, root: treeHead(leaves.slice(0, count)) });
    for (const from of [1, 2, 3, smaller, 8, size - 1, size]) {
      const { hashes } = await get<{ hashes: string[] }>(`/v1/journal/consistency?from=${from}&to=${size}`);
      const proof = hashes.map((hash) => Buffer.from(hash, 'base64'));
      checkConsistency(at(from), at(size), proof);
      if (from === size || from < 7) continue;
      const fork = forged(signerOf());
      expect(await accepted(fork.file)).toBe(true);
      expect(() => checkConsistency(at(from), fork, proof)).toThrow();
      expect(() => checkConsistency({ ...at(from), root: at(from - 1).root }, at(size), proof)).toThrow();
      expect(() => checkConsistency(at(from), at(size), proof.slice(1))).toThrow();
    }
  });

  it('has checkpoints and inclusion proofs that hold for whoever checks them', async () => {
    const { text } = await world().client.get('/v1/journal/checkpoint').expect(200);
    const note = openNote(text, key.publicKey);
    const leaves = events.map((event) => eventLeaf(event as unknown as Leaf));
    expect(note).toEqual({ origin: 'facecode.local/journal', size: events.length, root: treeHead(leaves) });
    for (const { id, position } of [events[0]!, events[6]!, events.at(-1)!]) {
      const { hashes } = await get<{ hashes: string[] }>(`/v1/journal/proof/${id}`);
      const path = hashes.map((hash) => Buffer.from(hash, 'base64'));
      checkInclusion(leaves[position - 1]!, position - 1, note.size, path, note.root);
      expect(() => checkInclusion(leaves[position % 7]!, position - 1, note.size, path, note.root)).toThrow();
      expect(() => checkInclusion(leaves[position - 1]!, position - 1, note.size, path.slice(1), note.root)).toThrow();
    }
    expect(() => openNote(text.replace(/\n\d+\n/, '\n3\n'), key.publicKey)).toThrow();
  });

  it('proves every event of a session with a proof of its own', async () => {
    const sessionId = events.find(({ type }) => type === 'session.passed')!.sessionId;
    const proofs = await Promise.all(
      events
        .filter((event) => event.sessionId === sessionId)
        .map(async (event) => {
          const proof = await get<Record<string, unknown>>(`/v1/journal/proof/${event.id}`);
          return { event, proof };
        }),
    );
    const { treeSize, checkpoint } = proofs[0]!.proof;
    const evidence = {
      events: proofs.map(({ event, proof: { leafIndex, hashes } }) => ({ event, proof: { leafIndex, hashes } })),
      treeSize,
      checkpoint,
      publicKey: key.publicKey,
    };
    const text = JSON.stringify(evidence, null, 2);
    const verdict = (file: string): ReturnType<typeof verifyProvenEvents> | null => {
      const bundle = parseExactly(file);
      return bundle && verifyProvenEvents(bundle, parseTrustedKey(key.publicKey));
    };
    const independent = (file: string) =>
      checkProvenEvents(JSON.parse(file) as Parameters<typeof checkProvenEvents>[0], key.publicKey).events;
    expect(independent(text)).toHaveLength(proofs.length);
    expect(verdict(text)).toMatchObject({ ok: true, events: proofs.map(({ event }) => event) });
    expect(verdict(JSON.stringify({ ...evidence, verifierKey: key.verifierKey }))).toMatchObject({ ok: true });

    const both = (changed: typeof evidence, position: number | null): void => {
      const file = JSON.stringify(changed);
      expect(() => independent(file)).toThrow();
      expect(verdict(file)).toMatchObject({ ok: false, position });
    };
    const [a, b, c] = evidence.events as [
      (typeof evidence.events)[0],
      (typeof evidence.events)[0],
      (typeof evidence.events)[0],
    ];
    both({ ...evidence, events: evidence.events.toSpliced(1, 1) }, c.event.position);
    both({ ...evidence, events: [b, a, ...evidence.events.slice(2)] }, b.event.position);
    const type = { ...b, event: { ...b.event, type: 'attempt.void' } };
    both({ ...evidence, events: evidence.events.with(1, type) }, b.event.position);
    both({ ...evidence, events: evidence.events.with(1, { ...b, proof: a.proof }) }, b.event.position);
    both({ ...evidence, treeSize: events.length - 1 }, null);
    expect(verdict(text.replace('"treeSize"', '"events": [], "treeSize"'))).toBeNull();
    await fc.assert(
      fc.property(fc.constantFrom(...covered(text)), fc.constantFrom('0', 'a', 'B', '-'), (at, digit) => {
        fc.pre(text[at] !== digit);
        expect(verdict(text.slice(0, at) + digit + text.slice(at + 1))?.ok ?? false).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it('is a table for a spreadsheet, too', async () => {
    const csv = await exported('format=csv');
    expect(csv.endsWith('\r\n')).toBe(true);
    const [head, ...rows] = parseCsv(csv);
    expect(head!.join()).toBe(
      'position,id,type,platform,sessionId,attemptId,seq,at,actorKind,actorId,data,personal,personalDigest',
    );
    expect(rows).toEqual(
      events.map((event) => [
        String(event.position),
        event.id,
        event.type,
        event.platform ?? '',
        event.sessionId ?? '',
        event.attemptId ?? '',
        String(event.seq ?? ''),
        event.at,
        event.actor.kind,
        event.actor.id,
        JSON.stringify(event.data),
        event.personal ? JSON.stringify(event.personal) : '',
        event.personalDigest ?? '',
      ]),
    );
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['\r=1', `"'\r=1"`],
    ['a=1', 'a=1'],
    ['say "hi"', '"say ""hi"""'],
    ['a,b', '"a,b"'],
    ['a\nb', '"a\nb"'],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
  ])('has no cell that a spreadsheet would run: %j', (text, cell) => {
    expect(csvLine([1, text, null])).toBe(`1,${cell},\r\n`);
  });
});

/** In pieces that do not end where characters do. */
async function* chunked(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 4099) yield await Promise.resolve(bytes.subarray(at, at + 4099));
}

/** Where in the bundle something stands that the proof is over: inside of events, hashes and the checkpoint. */
function covered(text: string): number[] {
  const start = text.indexOf('"events"');
  return Array.from({ length: text.length - start }, (_, nth) => start + nth).filter((at) => /[\w+/]/.test(text[at]!));
}

/** RFC 4180, by the letter. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
