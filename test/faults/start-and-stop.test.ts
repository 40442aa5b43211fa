import { afterEach, describe, expect, it } from '@jest/globals';
import { openProcessWorld, type ProcessWorld } from '../support/process-world.js';
import { startServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import type { SessionBody } from '../support/client.js';

describe('starting and stopping', () => {
  let world: ProcessWorld | undefined;
  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  it('finishes running requests after SIGTERM and exits with code 0', async () => {
    world = await openProcessWorld('embedded');
    const running = await world.start();
    const asked = running.client.post('/v1/sessions', { scanRef: 'sim-slow-2-drain' }).then((answer) => answer);
    await waitFor(() => world!.simulator.ledger.requests.some(({ method }) => method === 'POST'), {
      what: 'the create call',
    });
    const exit = await running.stop();
    expect(exit).toEqual({ code: 0, signal: null });
    const answer = await asked;
    expect([201, 202]).toContain(answer.status);
    const { id } = answer.body as SessionBody;
    const again = await world.start();
    await again.client.until(id, 'the code', ({ attempt }) => attempt?.issuedAt != null);
  });

  it('refuses to start with a message that names every fault and no secret', async () => {
    const start = startServiceProcess({
      DATABASE_URL: 'mysql://user:very-secret@host/db',
      FACECODE_ADMIN_KEY: 'short-secret',
      IDENFY_API_KEY: '',
      ROLES: 'api,cook',
      CONFIRM_PASS: 'maybe',
    });
    const error = await start.then(
      () => null,
      (thrown: Error) => thrown,
    );
    for (const name of ['DATABASE_URL', 'FACECODE_ADMIN_KEY', 'IDENFY_API_KEY', 'ROLES', 'CONFIRM_PASS']) {
      expect(error?.message).toContain(name);
    }
    expect(error?.message).not.toMatch(/very-secret|short-secret/);
  });

  it('refuses to share its embedded database with a second process', async () => {
    world = await openProcessWorld('embedded');
    const running = await world.start();
    await expect(world.startAnother()).rejects.toThrow(/in use by another process/);
    await running.client.get('/v1/sessions').expect(200);
  });

  it('warns in one line each about what is only for development', async () => {
    world = await openProcessWorld('embedded');
    const running = await world.start();
    const warnings = running.output.filter((line) => line.includes('"level":40'));
    expect(warnings.filter((line) => line.includes('PGlite runs without fsync'))).toHaveLength(1);
    expect(warnings.filter((line) => line.includes('IDENFY_BASE_URL is plain http'))).toHaveLength(1);
  });
});
