/** An acknowledged result was quarantined because the database was busy, so its verdict never took effect. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import type { SessionBody } from '../support/client.js';
import { describeServers } from '../support/servers.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook } from '../support/webhook.js';
import { openWorld, type World } from '../support/world.js';

describeServers('a result whose rows another transaction has locked', ['postgres', 'redis'], () => {
  let world: World;
  /** The other transaction. */
  let other: PoolClient;

  beforeAll(async () => {
    world = await openWorld('servers');
    other = await world.database.pool.connect();
  });
  afterAll(async () => {
    other.release();
    await world.close();
  });

  const create = (scanRef: string) => world.client.create(scanRef, { maxAttempts: 1, channels: ['code', 'sdk'] });
  const failed = ({ attempt, scanRef }: SessionBody) => ({ token: attempt!.token, scanRef, status: 'FAILED' });
  const send = (session: SessionBody) => sendWebhook(world.url, failed(session)).expect(200, { received: true });
  const untilFailed = ({ id }: SessionBody) =>
    world.client.until(id, 'the verdict', ({ status }) => status === 'failed');
  const keptFor = async ({ attempt }: SessionBody) => {
    const { body } = await world.client.get(`/v1/webhooks?token=${attempt!.token}`).expect(200);
    return (body as { data: object[] }).data;
  };

  const whileLocked = async <T>(sql: string, values: unknown[], work: () => Promise<T>): Promise<T> => {
    await other.query('begin');
    try {
      await other.query(sql, values);
      return await work();
    } finally {
      await other.query('rollback');
    }
  };
  const lockSession = 'select from sessions where id = $1 for update';
  const lockSubject = 'select from subjects where scan_ref = $1 for update';
  /** Makes the row that an earlier outcome leaves. */
  const makeSubject = (scanRef: string) =>
    world.database.query('insert into subjects (scan_ref, updated_at) values ($1, now())', [scanRef]);

  /** The backends that wait for a lock that this test holds. */
  const waiting = async (): Promise<number[]> => {
    const { rows } = await world.database.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
    );
    return rows.map(({ pid }) => pid);
  };
  const untilOneWaits = () => waitFor(async () => (await waiting())[0], { what: 'the result to wait for the lock' });

  it('is applied after the lock is released, although its statement was canceled meanwhile', async () => {
    const session = await create('locked-canceled');
    await whileLocked(lockSession, [session.id], async () => {
      await send(session);
      await other.query('select pg_cancel_backend($1)', [await untilOneWaits()]);
    });
    await untilFailed(session);
    expect(await keptFor(session)).toEqual([
      expect.objectContaining({ state: 'applied', verdict: 'moved', error: null }),
    ]);
  });

  it('is applied after a deadlock in which PostgreSQL canceled its transaction', async () => {
    await makeSubject('locked-deadlock');
    const session = await create('locked-deadlock');
    await whileLocked(lockSubject, ['locked-deadlock'], async () => {
      await send(session);
      await untilOneWaits();
      // The service has locked the session and waits for the subject. Now we have locked the subject and wait for the session.
      await other.query(lockSession, [session.id]);
    });
    await untilFailed(session);
    expect(await keptFor(session)).toEqual([
      expect.objectContaining({ state: 'applied', verdict: 'moved', error: null }),
    ]);
  });

  it('does not delay the results of other sessions', async () => {
    const [locked, free] = [await create('locked-alone'), await create('locked-neighbour')];
    await whileLocked(lockSession, [locked.id], async () => {
      await send(locked);
      await untilOneWaits();
      await send(free);
      await untilFailed(free);
      expect((await world.client.session(locked.id)).status).toBe('active');
    });
    await untilFailed(locked);
  });

  it('is not kept back by a result whose rows the database cannot update', async () => {
    const [damaged, free] = [await create('damaged'), await create('damaged-neighbour')];
    await world.database.query(
      `create function damaged() returns trigger language plpgsql as
       $$ begin raise exception 'missing chunk number 0' using errcode = 'data_corrupted'; end $$`,
    );
    await world.database.query(
      `create trigger damaged before update on attempts for each row when (old.scan_ref = 'damaged') execute function damaged()`,
    );
    await send(damaged);
    await send(free);
    await untilFailed(free);
    expect(await keptFor(damaged)).toEqual([expect.objectContaining({ state: 'new', error: null })]);
    await world.database.query('drop trigger damaged on attempts');
    await untilFailed(damaged);
  });

  it('locks all sessions of its batch before any subject, and the subjects in order of their names', async () => {
    // The first session's subject has the later name, so it must be locked second.
    await makeSubject('order-b');
    await makeSubject('order-a');
    const sessions = [await create('order-b'), await create('order-a')];
    await whileLocked(lockSubject, ['order-a'], async () => {
      await whileWebhooksWait(() =>
        // The first webhook is applied alone. Those that arrive meanwhile make one batch.
        Promise.all([
          sendWebhook(world.url, { token: randomUUID().replaceAll('-', ''), status: 'FAILED' }).expect(200),
          ...sessions.map(send),
        ]),
      );
      await untilOneWaits();
      for (const { id } of sessions) {
        await expect(world.database.query(`${lockSession} nowait`, [id])).rejects.toMatchObject({ code: '55P03' });
      }
      // The subject with the later name is not locked yet.
      await world.database.query(`${lockSubject} nowait`, ['order-b']);
    });
    await Promise.all(sessions.map(untilFailed));
  });

  /** No process can store a webhook until all of them have been sent. */
  const whileWebhooksWait = async (work: () => Promise<unknown>): Promise<void> => {
    let sent: Promise<unknown> = Promise.resolve();
    await world.database.transaction(async (tx) => {
      await tx.query('lock table webhooks in share mode');
      sent = work();
      await waitFor(async () => (await waiting()).length > 0, { what: 'the first of them to wait' });
      // The others arrive while the first is being stored. This exchange over the same HTTP server comes after theirs.
      await world.client.get('/v1/event-types').expect(200);
    });
    await sent;
  };
});
