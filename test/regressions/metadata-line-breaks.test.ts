/** Metadata with line breaks, tabs or other control characters was refused with 400. */
import { describe, expect, it } from '@jest/globals';
import { linesOf } from '../../src/journal/export/lines.js';
import { parseTrustedKey } from '../../src/journal/export/trusted-key.js';
import { verifyExport } from '../../src/journal/export/verify-file.js';
import type { EventBody, SessionBody } from '../support/client.js';
import { EventStream } from '../support/event-stream.js';
import { checkExport } from '../support/independent-verifier.js';
import { openProcessWorld } from '../support/process-world.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore } from '../support/world.js';

const metadata = {
  lines: 'first line\nsecond line\r\nthird line\rfourth\ttabbed',
  frame: 'x\n\nid: 999999\nevent: session.passed\ndata: {"forged":true}\n\n',
  record: 'a","b"\r\n1,evt_forged,session.passed\r\n"',
  log: '\n{"level":60,"msg":"forged line"}\n\u001b[2J\u001b[31mred',
  controls: Array.from({ length: 31 }, (_, at) => String.fromCharCode(at + 1)).join('') + '\u007f\u0080\u0085\u009f',
  separators: '\u2028\u2029\ufeff',
  formula: '\t=1+1',
  empty: '',
};

/** RFC 4180. */
function recordsOf(csv: string): string[][] {
  const records: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    records.at(-1)!.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\r\n') records.push([]);
    if (end === '') break;
  }
  return records;
}

onEveryStore('metadata with line breaks and control characters', (world) => {
  const created = async (): Promise<{ session: SessionBody; event: EventBody }> => {
    const { client } = world();
    const session = await client.create('metadata-lines', { metadata });
    const [event] = await client.untilEvent(session.id, 'attempt.awaiting-selfie');
    return { session, event: event! };
  };

  it('is returned as it was sent', async () => {
    const { client } = world();
    const { session } = await created();
    expect(session).toMatchObject({ metadata });
    expect(await client.session(session.id)).toMatchObject({ metadata });
  });

  it('is in the event, and each message of a stream stays one message', async () => {
    const { client, url } = world();
    const { session, event } = await created();
    expect(event).toMatchObject({ type: 'session.created', personal: { metadata } });
    const stream = await EventStream.open(`${url}/v1/sessions/${session.id}/stream`, {
      authorization: `Bearer ${client.key}`,
    });
    const [message] = await stream.atLeast(4);
    expect(stream.types.slice(0, 4)).toEqual([
      'session.created',
      'attempt.requested',
      'attempt.issued',
      'attempt.awaiting-selfie',
    ]);
    expect(message!.data).toEqual(event);
    stream.close();
  });

  it('is in exports, each line or record has one event, and the proofs are valid', async () => {
    const { client } = world();
    const { event } = await created();
    const key = (await client.get('/v1/journal/key').expect(200)).body as { publicKey: string };
    const exportedAs = async (format: string): Promise<string> => {
      const headers = { authorization: `Bearer ${client.key}` };
      return (await fetch(`${client.url}/v1/journal/export?format=${format}`, { headers })).text();
    };
    const text = await exportedAs('ndjson');
    const exported = checkExport(text, key.publicKey).events as unknown as EventBody[];
    expect(exported.find(({ id }) => id === event.id)).toEqual(event);
    const verdict = await verifyExport(linesOf(chunked(text)), parseTrustedKey(key.publicKey)!);
    expect(verdict).toMatchObject({ ok: true, events: exported.length });

    const [head, ...records] = recordsOf(await exportedAs('csv'));
    const row = records.find((record) => record[head!.indexOf('id')] === event.id);
    expect(JSON.parse(row![head!.indexOf('personal')]!)).toEqual(event.personal);
    expect(new Set(records.slice(0, -1).map(({ length }) => length))).toEqual(new Set([head!.length]));
  });

  it.each([
    ['U+0000', 'a\u0000b'],
    ['half a surrogate pair', 'a\ud800b'],
  ])('must not contain %s', async (_, text) => {
    const answer = await world().client.post('/v1/sessions', { scanRef: 'metadata-bad', metadata: { k: text } });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ errors: [{ field: 'metadata', message: expect.stringContaining('U+0000') }] });
  });

  it.each(['a\nb', 'a\u0000b', ''])(
    'must not have a name with control characters, nor an empty name: %j',
    async (name) => {
      await world()
        .client.post('/v1/sessions', { scanRef: 'metadata-bad', metadata: { [name]: 'v' } })
        .expect(400);
    },
  );
});

describe('metadata with line breaks, in the log', () => {
  it.each(['json', 'pretty'])('does not appear in any line: %s', async (format) => {
    const world = await openProcessWorld('embedded', { LOG_LEVEL: 'trace', LOG_FORMAT: format });
    try {
      const { client, output } = await world.start();
      const session = await client.create('metadata-log', { metadata });
      await client.post('/v1/sessions', { scanRef: 'metadata-log', metadata, nonsense: 'refused' }).expect(400);
      await client.untilEvent(session.id, 'attempt.awaiting-selfie');
      await waitFor(() => output.some((line) => line.includes('/v1/events')), { what: 'the access log' });
      expect(
        output.filter((line) => ['forged', 'first line', '\u001b[2J'].some((text) => line.includes(text))),
      ).toEqual([]);
    } finally {
      await world.close();
    }
  });
});

async function* chunked(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
