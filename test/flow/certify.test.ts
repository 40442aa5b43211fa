/** `facecode certify` against consumers with known faults: it finds those, and no others. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Check, CheckResult } from '../../src/cli/certify/check.js';
import { checks } from '../../src/cli/certify/checks.js';
import { effectChecks } from '../../src/cli/certify/effect-checks.js';
import { EffectsReader } from '../../src/cli/certify/effects.js';
import { grade } from '../../src/cli/certify/grade.js';
import { History } from '../../src/cli/certify/history.js';
import { readOptions } from '../../src/cli/certify/options.js';
import { runChecks } from '../../src/cli/certify/run-checks.js';
import { Sender } from '../../src/cli/certify/sender.js';
import { WrongUsage } from '../../src/cli/command.js';
import { readWebhookSecret } from '../../src/core/standard-webhooks.js';
import { type Consumer, startConsumer } from '../../src/simulator/consumer/consumer.js';
import { commonFaults, type Fault, faults } from '../../src/simulator/consumer/faults.js';
import { ensureBuilt, repository } from '../support/ensure-built.js';
import { freePort } from '../support/free-port.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const secret = `whsec_${Buffer.from('a secret of these tests and no other').toString('base64')}`;
const readText = (path: string): string => readFileSync(path, 'utf8');
const forged = ['bad-signature', 'foreign-secret', 'changed-body', 'changed-timestamp'];

/** What has to be found of each fault, and nothing else. */
const consequences: Record<Fault, string[]> = {
  'accepts-unsigned': ['unsigned', 'forgeries-had-no-effect'],
  'accepts-any-signature': [...forged, 'forgeries-had-no-effect'],
  'ignores-timestamp': ['stale', 'from-the-future', 'forgeries-had-no-effect'],
  'signature-over-parsed': ['raw-bytes'],
  'first-signature-only': ['two-signatures'],
  'applies-forgeries': ['forgeries-had-no-effect'],
  'applies-twice': ['repeats-had-one-effect'],
  'refuses-repeats': ['replayed', 'retried'],
  'order-of-arrival': ['order-by-seq'],
  forgets: ['good-had-an-effect'],
  'fails-on-unknown-type': ['unknown-type'],
  'refuses-unknown-fields': ['unknown-fields'],
  'needs-personal': ['erased-personal'],
  'small-limit': ['large'],
  'falls-on-large': ['oversized'],
  'one-at-a-time': ['slow-sender'],
  'any-content-type': ['content-type'],
  'answers-get': ['get'],
};

/** Far longer than a loaded machine takes. */
const timeoutSeconds = 60;
/** How long effects that never come are waited for. A good consumer has them before it answers. */
const effectsSeconds = 5;
/** For a check that a consumer fails by not answering: the time-out is what is waited for. */
const shortTimeoutSeconds = 2;

async function certify(
  url: string,
  effectsUrl: string | null = null,
  made: readonly Check[] = [...checks, ...effectChecks],
  within = timeoutSeconds,
): Promise<CheckResult[]> {
  const sender = new Sender(url, within);
  try {
    const history = new History(readWebhookSecret(secret)!, new Date());
    const effects = new EffectsReader(effectsUrl, effectsSeconds);
    return await runChecks(made, { sender, history, effects }, () => {});
  } finally {
    await sender.close();
  }
}

const found = (results: readonly CheckResult[]): string[] =>
  results.filter(({ result }) => result === 'fail' || result === 'warn').map(({ name }) => name);

describe('the checks', () => {
  let consumer: Consumer | null = null;
  afterEach(() => consumer?.close());

  const consume = async (...planted: Fault[]) => {
    consumer = await startConsumer({ host: '127.0.0.1', port: 0, secret, faults: planted });
    return consumer;
  };

  it('find of every consumer its faults and nothing else', async () => {
    // Not answers-fast: on a loaded machine even a good consumer takes seconds. A test of its own is below.
    const steady = [...checks, ...effectChecks].filter(({ name }) => name !== 'answers-fast');
    const bySlowness = steady.filter(({ name }) => name === 'slow-sender');
    const rest = steady.filter((check) => !bySlowness.includes(check));
    const all: Record<string, string[]> = {};
    for (const { name } of faults) {
      const faulty = await startConsumer({ host: '127.0.0.1', port: 0, secret, faults: [name] });
      const certifyIt = (made: readonly Check[], within?: number) =>
        certify(faulty.url, faulty.effectsUrl, made, within);
      try {
        all[name] = found(
          name === 'one-at-a-time'
            ? [...(await certifyIt(rest)), ...(await certifyIt(bySlowness, shortTimeoutSeconds))]
            : await certifyIt(steady),
        );
      } finally {
        await faulty.close();
      }
    }
    expect(all).toEqual(consequences);
  });

  it('say what was not checked, when nothing tells what the consumer did', async () => {
    const { url } = await consume('applies-twice', 'order-of-arrival');
    const results = await certify(url);
    expect(found(results)).toEqual([]);
    expect(results.filter(({ result }) => result === 'not-checked')).toHaveLength(4);
  });

  it('take effects that cannot be read for a fault', async () => {
    const { url } = await consume();
    const results = await certify(url, url);
    expect(found(results)).toEqual(effectChecks.map(({ name }) => name));
    expect(results.at(-1)!.got).toBe('the effects URL answered 405');
  });

  it('warn of answers that are nearly too slow', async () => {
    const [fast] = checks.filter(({ name }) => name === 'answers-fast');
    const sender = new Sender('http://127.0.0.1:1', timeoutSeconds);
    sender.slowestSeconds = 6;
    sender.accepted.add('evt_1');
    const history = new History(readWebhookSecret(secret)!, new Date());
    const results = await runChecks(
      [fast!],
      { sender, history, effects: new EffectsReader(null, timeoutSeconds) },
      () => {},
    );
    expect(results).toMatchObject([{ result: 'warn', got: 'at most 6.0 s' }]);
  });
});

describe('a server that is no consumer', () => {
  const serve = async (answer: (url: string) => { status: number; headers?: Record<string, string> } | null) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      request.resume();
      const told = answer(request.url!);
      if (told) response.writeHead(told.status, told.headers).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const close = async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    return { url: `http://127.0.0.1:${port}/hook`, asked, close };
  };

  it('is not followed where it redirects to', async () => {
    const server = await serve(() => ({ status: 307, headers: { location: '/elsewhere' } }));
    try {
      const results = await certify(server.url);
      expect(results[0]).toMatchObject({ result: 'fail', got: expect.stringContaining('redirects are not followed') });
      expect(results.filter(({ result }) => result === 'pass').map(({ name }) => name)).toEqual([]);
      expect(new Set(server.asked)).toEqual(new Set(['/hook']));
    } finally {
      await server.close();
    }
  });

  it('is given up when it never answers', async () => {
    const server = await serve(() => null);
    try {
      const sender = new Sender(server.url, 1);
      const history = new History(readWebhookSecret(secret)!, new Date());
      const results = await runChecks(checks, { sender, history, effects: new EffectsReader(null, 1) }, () => {});
      await sender.close();
      expect(server.asked).toHaveLength(3);
      expect(results.map(({ result }) => result)).toEqual([
        'fail',
        'fail',
        'fail',
        ...checks.slice(3).map(() => 'not-checked'),
      ]);
      expect(grade(results)).toMatchObject({ grade: 'F', failed: 3 });
    } finally {
      await server.close();
    }
  });
});

describe('the command', () => {
  const patient = ['--timeout-seconds', String(timeoutSeconds)];
  let folder: string;
  let secretFile: string;
  beforeAll(async () => {
    await ensureBuilt();
    folder = temporaryFolder('certify');
    secretFile = join(folder, 'secret');
    writeFileSync(secretFile, `${secret}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const facecode = async (...args: string[]) => {
    const ran = await new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const command = [join(repository, 'dist/cli/main.js'), 'certify', ...args];
      const child = execFile('node', command, { cwd: folder }, (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
      );
      child.stdin!.end(secret);
    });
    expect(ran.out + ran.err).not.toContain(secret.slice('whsec_'.length));
    return ran;
  };

  it('ends with 0 and grade A for the good consumer, whose secret comes from a file', async () => {
    const good = await startConsumer({ host: '127.0.0.1', port: 0, secret });
    try {
      const ran = await facecode(good.url, '--secret-file', secretFile, '--effects-url', good.effectsUrl, ...patient);
      expect(ran).toMatchObject({ code: 0, err: '' });
      expect(ran.out).toContain('Grade A: 28 passed, 0 failed, 0 warnings.');
    } finally {
      await good.close();
    }
  });

  it('ends with 1 for the bad one, and says as JSON exactly what is wrong with it', async () => {
    const bad = await startConsumer({ host: '127.0.0.1', port: 0, secret, faults: commonFaults });
    try {
      const ran = await facecode(bad.url, '--secret-file', '-', '--effects-url', bad.effectsUrl, '--json', ...patient);
      expect(ran).toMatchObject({ code: 1, err: '' });
      const report = JSON.parse(ran.out) as { url: string; checks: CheckResult[]; summary: unknown };
      const expected = new Set(commonFaults.flatMap((fault) => consequences[fault]));
      expect(new Set(found(report.checks))).toEqual(expected);
      expect(report).toMatchObject({ url: bad.url, summary: { grade: 'F', failed: expected.size - 1, warned: 1 } });
    } finally {
      await bad.close();
    }
  });

  it('says plainly that nobody listens, and ends with 1', async () => {
    const ran = await facecode(`http://127.0.0.1:${await freePort()}/`, '--secret', secret);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('nobody can be reached there (ECONNREFUSED)');
    expect(ran.out).toContain('Grade F: 0 passed, 1 failed');
  });

  it.each([
    ['no URL', ['--secret', secret], 'URL'],
    ['two URLs', ['http://a', 'http://b', '--secret', secret], 'URL'],
    ['no secret', ['http://127.0.0.1:1'], '--secret-file'],
    ['two secrets', ['http://127.0.0.1:1', '--secret', secret, '--secret-file', '-'], '--secret-file'],
    ['a secret that is none', ['http://127.0.0.1:1', '--secret', secret.slice(6)], 'whsec_'],
    ['a misplaced secret', ['http://127.0.0.1:1', `--${secret}`], 'whsec_…'],
    ['a file that is not there', ['http://127.0.0.1:1', '--secret-file', 'nothing'], 'ENOENT'],
    ['another scheme', ['ftp://127.0.0.1', '--secret', secret], 'http or https'],
    ['a password in the URL', ['http://u:p@127.0.0.1:1', '--secret', secret], 'password'],
    ['a strange effects URL', ['http://127.0.0.1:1', '--secret', secret, '--effects-url', 'x'], '--effects-url'],
    ['no time at all', ['http://127.0.0.1:1', '--secret', secret, '--timeout-seconds', '0'], '--timeout-seconds'],
  ])('takes %s for wrong usage, and does not repeat the secret', async (_, args, says) => {
    const refused = await readOptions(args, { file: readText, standardInput: async () => secret }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(WrongUsage);
    expect((refused as Error).message).toContain(says);
    expect((refused as Error).message).not.toContain(secret.slice('whsec_'.length));
  });

  it('ends with 2 for it', async () => {
    const ran = await facecode('http://127.0.0.1:1', `--${secret}`);
    expect(ran).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('usage: facecode certify <consumer url>'),
    });
  });
});
