import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/service.js';
import { ensureBuilt, startServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';

describe('waitFor', () => {
  it('gives the first truthy answer', async () => {
    const answers = [0, '', null, 'here', 'later'];
    await expect(waitFor(() => answers.shift(), { what: 'an answer' })).resolves.toBe('here');
    expect(answers).toEqual(['later']);
  });

  it('names what did not come in time', async () => {
    const waiting = waitFor(() => false, { what: 'the moon', withinSeconds: 0.05 });
    await expect(waiting).rejects.toThrow('waited 0.05 s in vain for the moon');
  });

  it('is ended by an error of the condition', async () => {
    const failing = () => Promise.reject(new Error('broken'));
    await expect(waitFor(failing, { what: 'nothing' })).rejects.toThrow('broken');
  });
});

describe('the service under test', () => {
  // A build takes longer than a test may.
  beforeAll(() => ensureBuilt());

  it('runs inside the test', async () => {
    const { url, close, service } = await startTestService();
    try {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
    } finally {
      await close();
    }
    expect(service.app.getHttpServer().listening).toBe(false);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('says by an error why it does not start', async () => {
    await expect(startTestService({ PORT: 'many' })).rejects.toThrow('PORT: "many" is not usable');
    await expect(startServiceProcess({ PORT: 'many' })).rejects.toThrow('PORT: "many" is not usable');
  });

  it('runs as a process that ends by SIGTERM with exit code 0 and by SIGKILL at once', async () => {
    const first = await startServiceProcess();
    const second = await startServiceProcess();
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
    expect(await second.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    expect(first.output.join('\n')).toContain('SIGTERM: draining');
    expect(existsSync(`/proc/${first.pid}`)).toBe(false);
  });
});
