/** The simulator as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';

const loader = new URL('../support/typescript-loader.mjs', import.meta.url).href;
const command = new URL('../../src/simulator/run.ts', import.meta.url).href;
const script = `
  const { loadTypeScript } = await import('${loader}');
  loadTypeScript();
  const { runSimulator } = await import('${command}');
  process.exitCode = await runSimulator(process.argv.slice(1));
`;

function start(...args: string[]) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended };
}

async function finish(...args: string[]) {
  const { child, ended } = start(...args);
  const [out, faults, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, faults, code };
}

describe('the command', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'prints its addresses and the sentinels, serves, and ends well on %s',
    async (signal) => {
      const { child, ended } = start('--port', '0', '--api-key', 'k', '--api-secret', 's');
      try {
        let out = '';
        for await (const chunk of child.stdout) {
          out += String(chunk);
          if (out.includes('sim-cancelled-double-l')) break;
        }
        const url = /http:\/\/127\.0\.0\.1:\d+(?=\/app)/.exec(out)?.[0];
        expect(out).toContain('http://127.0.0.1:3000/webhooks/idenfy');
        const authorization = `Basic ${Buffer.from('k:s').toString('base64')}`;
        const list = await fetch(`${url}/api/v2/facial-authentication-sessions/`, { headers: { authorization } });
        expect(await list.json()).toEqual([]);
        child.kill(signal);
        expect(await ended).toBe(0);
      } finally {
        child.kill('SIGKILL');
      }
    },
  );

  it('starts a good and a bad consumer beside it when asked to', async () => {
    const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
    const { child, ended } = start('--port', '0', '--consumer', '--consumer-port', '0', '--consumer-secret', secret);
    try {
      const commands = /^ {2}npm run facecode -- certify (\S+) --secret (\S+) --effects-url (\S+)$/gm;
      let out = '';
      let found: RegExpExecArray[] = [];
      for await (const chunk of child.stdout) {
        out += String(chunk);
        found = [...out.matchAll(commands)];
        if (found.length === 2) break;
      }
      const [good, bad] = found;
      expect(good![2]).toBe(secret);
      expect(bad![2]).not.toBe(secret);
      expect(out).toContain('accepts-unsigned');
      const post = (url: string) =>
        fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
      for (const [, url, , effectsUrl] of [good!, bad!]) {
        expect(await (await fetch(effectsUrl!)).json()).toEqual({ applied: [] });
        expect((await post(url!)).status).toBe(401);
      }
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('explains itself', async () => {
    expect(await finish('--help')).toMatchObject({
      code: 0,
      faults: '',
      out: expect.stringContaining('--signing-key'),
    });
  });

  it.each([
    ['--unknown'],
    ['positional'],
    ['--port=x'],
    ['--port=65536'],
    ['--webhook-url=ftp://x'],
    ['--webhook-url=http://'],
    ['--api-key='],
    ['--consumer-port=x'],
    ['--consumer-secret=whsec_short'],
  ])('takes %s for wrong usage', async (argument) => {
    expect(await finish(argument)).toMatchObject({ code: 2, out: '', faults: expect.stringContaining('Usage:') });
  });
});
