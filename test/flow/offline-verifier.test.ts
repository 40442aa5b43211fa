/**
 * The program that an auditor runs without a clone: it can be downloaded, needs nothing else, and agrees with `facecode
 * verify`.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { VerifierController } from '../../src/audit/verifier.controller.js';
import { ensureBuilt, repository } from '../support/ensure-built.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';
import { openWorld, type World } from '../support/world.js';

interface Ran {
  code: number;
  out: string;
  err: string;
}

const built = join(repository, 'dist/facecode-verify.mjs');

describe('the offline verifier', () => {
  let world: World;
  /** A folder outside the repository, without its packages. */
  let folder: string;
  let text: string;
  beforeAll(async () => {
    await ensureBuilt();
    world = await openWorld('embedded');
    folder = temporaryFolder('auditor');
    text = await textOf('/verify/facecode-verify.mjs');
    writeFileSync(join(folder, 'facecode-verify.mjs'), text);
  });
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const textOf = async (path: string, key?: string): Promise<string> => {
    const headers = new Headers(key === undefined ? {} : { authorization: `Bearer ${key}` });
    const answer = await fetch(`${world.url}${path}`, { headers });
    expect(answer.status).toBe(200);
    return answer.text();
  };
  const run = (program: string[], ...args: string[]) =>
    new Promise<Ran>((resolve) => {
      const env = { PATH: process.env.PATH, ...testEnvironment(folder) };
      execFile(process.execPath, [...program, ...args], { cwd: folder, env }, (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
      );
    });
  const alone = (...args: string[]) => run(['facecode-verify.mjs'], ...args);
  const facecode = (...args: string[]) => run([join(repository, 'dist/cli/main.js')], ...args);
  const digestOf = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

  it('is served without a key, with its digest in the headers and in a file beside it', async () => {
    expect(text).toBe(readFileSync(built, 'utf8'));
    const { headers } = await request(world.url).get('/verify/facecode-verify.mjs').expect(200);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'content-disposition': 'attachment; filename="facecode-verify.mjs"',
      'x-checksum-sha256': digestOf(text),
      'repr-digest': `sha-256=:${createHash('sha256').update(text).digest('base64')}:`,
    });
    const beside = await request(world.url).get('/verify/facecode-verify.mjs.sha256').expect(200);
    expect(beside.headers['content-type']).toBe('text/plain; charset=utf-8');
    writeFileSync(join(folder, 'sums'), beside.text);
    const { stdout } = await promisify(execFile)('sha256sum', ['--check', 'sums'], { cwd: folder });
    expect(stdout).toBe('facecode-verify.mjs: OK\n');
  });

  it('is printed to stdout by facecode verify, with its digest on stderr', async () => {
    expect(await facecode('verify', '--print-verifier')).toEqual({
      code: 0,
      out: text,
      err: `SHA-256: ${digestOf(text)}\n`,
    });
  });

  it('is one file that imports only modules of Node', () => {
    const imported = [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+['"]([^'"]+)['"]/gm)].map(([, name]) => name!);
    expect(imported.length).toBeGreaterThan(2);
    expect(imported.filter((name) => !builtinModules.includes(name.replace('node:', '')))).toEqual([]);
    expect(text).not.toMatch(/\bimport\(|\brequire\(|node:(http|https|net|child_process)|process\.env/);
    expect(text).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('has the same bytes when it is built again', async () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const again = join(folder, 'again.mjs');
    const [program, ...args] = scripts['build:verifier']!.split(' ');
    const out = args.map((arg) => (arg === 'dist/facecode-verify.mjs' ? again : arg));
    await promisify(execFile)(join(repository, 'node_modules/.bin', program!), out, { cwd: repository });
    expect(readFileSync(again, 'utf8')).toBe(text);
  });

  it('says the same as facecode verify about every file', async () => {
    const { client, simulator } = world;
    const session = await client.create('offline-verifier', { maxAttempts: 1 });
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
    await client.until(session.id, 'the end', ({ status }) => status === 'failed');
    const evidence = await textOf(`/v1/sessions/${session.id}/evidence`, client.key);
    const { body: key } = await client.get('/v1/journal/key').expect(200);
    const { verifierKey } = key as { verifierKey: string };
    const certificate = (await client.post('/v1/subjects/offline-verifier/erase').expect(200)).text;
    const files: Record<string, [content: string, code: number]> = {
      'evidence.json': [evidence, 0],
      'falsified.json': [evidence.replace('"status":"failed"', '"status":"passed"'), 1],
      'export.ndjson': [await textOf('/v1/journal/export', client.key), 0],
      'cut.ndjson': [(await textOf('/v1/journal/export', client.key)).split('\n').slice(0, -2).join('\n'), 1],
      'export.csv': [await textOf('/v1/journal/export?format=csv', client.key), 2],
      'certificate.json': [certificate, 0],
      empty: ['', 2],
    };
    for (const [name, [content, code]] of Object.entries(files)) {
      writeFileSync(join(folder, name), content);
      const said = await alone(name, '--key', verifierKey);
      expect({ name, ...said }).toEqual({ name, ...(await facecode('verify', name, '--key', verifierKey)) });
      expect({ name, code: said.code }).toEqual({ name, code });
    }
    const { out } = await alone('evidence.json', '--key', verifierKey);
    expect(out).toContain(`session ${session.id}: failed (attempts-exhausted)`);
    expect(out).toMatch(/The file has all events of the session up to \S+Z\. Later events are not in it\./);
    expect(out).toContain('No event proves the following.');
    expect(out).toContain('webhooks[].receivedAt: when each webhook arrived');
    const falsified = await alone('falsified.json', '--key', verifierKey);
    expect(falsified.out).toContain('reason: session.status is "passed", but the events say "failed"');
    expect(await alone('evidence.json')).toMatchObject({ code: 0, err: expect.stringContaining('WARNING') });
  });

  it.each([
    [['--help'], 0],
    [[], 2],
    [['one', 'two'], 2],
    [['facecode-verify.mjs', '--key', 'nonsense'], 2],
    [['--mirror', 'folder'], 2],
    [['no-such-file'], 3],
    [['.'], 3],
  ])('ends %j with %i', async (args, code) => {
    const ran = await alone(...args);
    expect(ran.code).toBe(code);
    if (code > 0) expect(ran.err).toMatch(/^facecode-verify: /);
    expect(ran.err).not.toContain('    at ');
  });

  it('gets 404 with a plain reason if it was not built', async () => {
    const unbuilt = new VerifierController(new URL('no-such-verifier.mjs', import.meta.url));
    await expect(unbuilt.digest()).rejects.toMatchObject({
      code: 'not-found',
      extras: { detail: 'This service has no verifier, because `npm run build` did not make it.' },
    });
  });
});
