/** What an operator finds in the log with the ids of an answer, a job or a session. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { openProcessWorld, type ProcessWorld, type Running } from '../support/process-world.js';
import { describeServers } from '../support/servers.js';
import { waitFor } from '../support/wait-for.js';

interface Line {
  msg: string;
  stack?: string;
  requestId?: string;
  sessionId?: string;
  attemptId?: string;
  job?: string;
}

describeServers('the log', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  let running: Running;
  beforeAll(async () => {
    world = await openProcessWorld('servers', { LOG_FORMAT: 'json' });
    running = await world.start();
  });
  afterAll(() => world.close());

  const untilLine = (fits: (line: Line) => boolean, what: string): Promise<Line> => {
    const lines = () => running.output.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as Line);
    return waitFor(() => lines().find(fits), { what });
  };

  it('has the request id of a 500 in the line with the stack', async () => {
    const sql = new pg.Client({ connectionString: world.variables.DATABASE_URL });
    await sql.connect();
    await sql.query('alter table endpoints rename to endpoints_away');
    const answers = [
      await running.client.get('/v1/endpoints'),
      await running.client.post('/v1/endpoints', { url: 'https://192.0.43.8/hook' }),
    ];
    await sql.query('alter table endpoints_away rename to endpoints');
    await sql.end();
    for (const { status, body } of answers) {
      expect(status).toBe(500);
      const { requestId } = body as { requestId: string };
      await untilLine((line) => line.stack !== undefined && line.requestId === requestId, `the stack of ${requestId}`);
    }
  });

  it('has the ids of session, attempt and request in the line about a refusal by iDenfy', async () => {
    const { body } = await running.client.post('/v1/sessions', { scanRef: 'sim-no-credits' }).expect(502);
    const { requestId, sessionId } = body as { requestId: string; sessionId: string };
    const line = await untilLine(({ msg }) => msg.includes('refused for good'), 'the refusal');
    expect(line).toMatchObject({ requestId, sessionId, attemptId: expect.stringMatching(/^att_/), job: 'issue-code' });
  });

  it('has the request id once in each line of the access log, and never the query', async () => {
    const answer = await running.client.get('/v1/sessions?reference=secret-order').expect(200);
    const requestId = answer.headers['x-request-id']!;
    await untilLine((line) => line.msg === 'request completed' && line.requestId === requestId, 'the access log');
    for (const text of running.output) {
      expect(text.split('"requestId"').length - 1).toBeLessThanOrEqual(1);
      expect(text).not.toContain('secret-order');
    }
  });
});
