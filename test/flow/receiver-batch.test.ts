import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { expect, it } from '@jest/globals';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { onEveryStore } from '../support/world.js';
import { type SessionBody } from '../support/client.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook, type Sending, sign } from '../support/webhook.js';

const signingKey = 'sim-signing-key';

onEveryStore('webhooks that arrive together', (world) => {
  const newToken = () => randomUUID().replaceAll('-', '');
  const result = (token: string, rest: object = {}) => JSON.stringify({ token, status: 'FAILED', ...rest });
  const send = (body: string, sending?: Sending) => sendWebhook(world().url, body, sending);
  const receiver = () => world().service.service.app.get(WebhooksService);
  /** Into the receiver itself: hundreds at once without as many sockets. */
  const receive = (body: string, eventType = 'FACIAL_AUTHENTICATION') =>
    receiver().receive(Buffer.from(body), sign(body, signingKey), eventType);
  const many = (count: number, token: string) => Array.from({ length: count }, (_, n) => result(token, { n }));
  const rows = async (token: string) => {
    const { body } = await world().client.get(`/v1/webhooks?token=${token}&limit=200`).expect(200);
    return (body as { data: { state: string; duplicates: number; digest: string }[] }).data;
  };
  const scalar = async (sql: string, values: unknown[] = []) =>
    (await world().database.query<{ value: number }>(sql, values)).rows[0]!.value;
  /** How many transactions have inserted these rows: each leaves its number in its rows. */
  const commits = (eventType: string) =>
    scalar(`select count(distinct xmin::text)::int as value from webhooks where event_type = $1`, [eventType]);
  const kept = (eventType: string) =>
    scalar('select count(*)::int as value from webhooks where event_type = $1', [eventType]);

  /** Nobody can insert while `work` runs; what it has started goes on afterwards. */
  const whileHeld = async <T>(work: () => Promise<T>): Promise<T> => {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    let held!: () => void;
    const isHeld = new Promise<void>((resolve) => (held = resolve));
    const holding = world().database.transaction(async (tx) => {
      await tx.query('lock table webhooks in share mode');
      held();
      await released;
    });
    await isHeld;
    try {
      return await work();
    } finally {
      release();
      await holding;
    }
  };

  it('share statements and commits, by HTTP', async () => {
    const eventType = 'TOGETHER_BY_HTTP';
    let arrived = 0;
    const server = world().service.service.app.getHttpServer() as Server;
    const count = () => (arrived += 1);
    server.on('request', count);
    const { sending } = await whileHeld(async () => {
      const sending = Promise.all(many(300, newToken()).map((body) => send(body, { eventType })));
      await waitFor(() => arrived === 300, { what: 'all of them to arrive' });
      return { sending };
    });
    server.off('request', count);
    const answers = await sending;
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.map(({ body }) => body as object)).toEqual(answers.map(() => ({ received: true })));
    expect(await kept(eventType)).toBe(300);
    expect(await commits(eventType)).toBeLessThan(30);
  });

  it('wait for nothing: one goes alone, those that come while it is kept go in as few batches of 200 as hold them', async () => {
    const eventType = 'TOGETHER';
    const receipts = await Promise.all(many(401, newToken()).map((body) => receive(body, eventType)));
    expect(receipts).toEqual(receipts.map(() => ({ kind: 'received' })));
    expect(await kept(eventType)).toBe(401);
    expect(await commits(eventType)).toBe(3);
  });

  it('are answered after the commit', async () => {
    const token = newToken();
    let answered = false;
    const held = await whileHeld(async () => {
      const receiving = receive(result(token)).then((receipt) => ((answered = true), receipt));
      // An exchange with the service takes longer than an answer that did not wait would.
      await fetch(`${world().url}/problems`);
      expect(answered).toBe(false);
      return { receiving };
    });
    expect(await held.receiving).toEqual({ kind: 'received' });
    expect(await rows(token)).toHaveLength(1);
  });

  it('are kept once when the same body is among them twice, also when it was there before', async () => {
    const token = newToken();
    const [first, twice, before] = [result(token, { n: 1 }), result(token, { n: 2 }), result(token, { n: 3 })];
    await receive(before);
    const receipts = await Promise.all([first, twice, twice, twice, before, before].map((body) => receive(body)));
    expect(receipts.map(({ kind }) => kind)).toEqual([
      'received',
      'received',
      'duplicate',
      'duplicate',
      'duplicate',
      'duplicate',
    ]);
    const counted = (await rows(token)).map(({ duplicates }) => duplicates).sort();
    expect(counted).toEqual([0, 2, 2]);
  });

  it('are kept though one among them cannot be', async () => {
    await world().database.query(
      `alter table webhooks add constraint poison check (event_type is distinct from 'POISON')`,
    );
    const token = newToken();
    const bodies = many(30, token);
    const settled = await Promise.allSettled(
      bodies.map((body, n) => receive(body, n === 17 ? 'POISON' : 'FACIAL_AUTHENTICATION')),
    );
    expect(settled.map(({ status }) => status)).toEqual(bodies.map((_, n) => (n === 17 ? 'rejected' : 'fulfilled')));
    expect(await rows(token)).toHaveLength(29);
    await send(bodies[17]!, { eventType: 'POISON' }).expect(500);
    await world().database.query('alter table webhooks drop constraint poison');
    await send(bodies[17]!, { eventType: 'POISON' }).expect(200, { received: true });
  });

  it('are refused with 503 while too many wait, and taken again afterwards', async () => {
    const token = newToken();
    const waiting = await whileHeld(async () => {
      const taken = many(2200, token).map((body) => receive(body, 'OVERLOAD'));
      const answer = await waitFor(
        async () => {
          const { status, headers, body } = await send(result(token, { n: 'more' }), { eventType: 'OVERLOAD' });
          return status === 503 ? { headers, body: body as object } : null;
        },
        { what: 'the receiver to shed load' },
      );
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.body).toMatchObject({ code: 'overloaded', status: 503 });
      return { taken };
    });
    const receipts = await Promise.all(waiting.taken);
    const count = (kind: string) => receipts.filter((receipt) => receipt.kind === kind).length;
    // One was under way, and of the rest 2000 could wait.
    expect([count('received'), count('overloaded')]).toEqual([2001, 199]);
    await send(result(token, { n: 'more' }), { eventType: 'OVERLOAD' }).expect(200, { received: true });
  });

  it('all have an effect', async () => {
    const sessions: SessionBody[] = [];
    for (let n = 0; n < 6; n += 1) {
      sessions.push(await world().client.create(`batch-${n}`, { maxAttempts: 1, channels: ['code', 'sdk'] }));
    }
    const bodies = sessions.map(({ attempt, scanRef }) => result(attempt!.token!, { scanRef }));
    await Promise.all(bodies.map((body) => receive(body)));
    for (const { id } of sessions) {
      await world().client.until(id, 'the verdict', ({ status }) => status === 'failed');
    }
  });
});
