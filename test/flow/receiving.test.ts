/** The receiver in the README is run as it stands there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { eventExample } from '../../src/journal/catalogue/event-catalogue.js';
import { repository } from '../support/ensure-built.js';
import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';

const secret = `whsec_${Buffer.alloc(24, 5).toString('base64')}`;
const [, example = ''] = /^## Receiving events$[\s\S]*?^```js\n([\s\S]*?)^```/m.exec(
  readFileSync(join(repository, 'README.md'), 'utf8'),
)!;

describe('the receiver in the README', () => {
  let receiver: ChildProcess;
  let output = '';
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/`;
    receiver = spawn(process.execPath, ['--input-type=module', '--eval', example], {
      cwd: repository,
      env: { PATH: process.env.PATH, PORT: `${port}`, WEBHOOK_SECRET: secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    receiver.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const listens = () =>
      fetch(url, { method: 'POST' }).then(
        () => true,
        () => false,
      );
    await waitFor(listens, { what: 'the receiver to listen' });
  });

  afterAll(async () => {
    const exited = once(receiver, 'close');
    receiver.kill();
    await exited;
  });

  const event = eventExample('attempt.retry') as { id: string };
  const send = async (
    body: string,
    change: (headers: Record<string, string>) => Record<string, string>,
    at = new Date(),
  ) => {
    const headers = change({
      'webhook-id': event.id,
      'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
      'webhook-signature': new Webhook(secret).sign(event.id, at, JSON.stringify(event)),
    });
    const answer = await fetch(url, { method: 'POST', body, headers });
    return answer.status;
  };
  const asSigned = (headers: Record<string, string>) => headers;

  it('has ten lines', () => {
    expect(example.trimEnd().split('\n').length).toBe(10);
  });

  it('takes what is signed', async () => {
    expect(await send(JSON.stringify(event), asSigned)).toBe(204);
    await waitFor(() => output.includes('\n'), { what: 'what it prints' });
    expect(output).toBe(`${event.id} attempt.retry ses_019ab3c45d6e7f8091a2b3c4d5e6f701 4\n`);
  });

  it.each([
    ['another body', '{}', asSigned, 0],
    [
      'another id',
      JSON.stringify(event),
      (headers: Record<string, string>) => ({ ...headers, 'webhook-id': 'evt_1' }),
      0,
    ],
    [
      'no signature',
      JSON.stringify(event),
      (headers: Record<string, string>) => ({ 'webhook-id': headers['webhook-id']! }),
      0,
    ],
    ['a signature of an hour ago', JSON.stringify(event), asSigned, 3_600_000],
  ])('refuses %s', async (_, body, change, age) => {
    expect(await send(body, change, new Date(Date.now() - age))).toBe(401);
  });
});
