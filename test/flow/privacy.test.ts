import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import { sealedColumns } from '../../src/database/sealed-columns.js';
import { canonicalJson, type Json } from '../../src/core/canonical-json.js';
import type { EventBody, SessionBody } from '../support/client.js';
import { createEndpoint, deliveriesOf } from '../support/endpoints.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { openedValues } from '../support/sealed-values.js';
import { impersonalColumns } from '../support/impersonal-columns.js';
import { runRetention } from '../support/retention.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook } from '../support/webhook.js';
import { onEveryStore } from '../support/world.js';

interface Certificate {
  scanRef: string;
  sessions: number;
  keysDestroyed: number;
  erased: { what: string; where: string; count: number; how: string }[];
  kept: { what: string; where: string; count: number; why: string }[];
  outside: string[];
  signature: { publicKey: string; value: string };
}

onEveryStore(
  'the privacy of a subject',
  (world) => {
    let receiver: Receiver | null = null;
    afterEach(async () => {
      await receiver?.close();
      receiver = null;
    });
    /** Unique texts that must be nowhere after an erasure. */
    const canaries = () => {
      const mark = randomUUID().slice(0, 8);
      return {
        reference: `order-${mark}`,
        metadata: { note: `metadata-${mark}` },
        initiator: { ip: '203.0.113.77', userAgent: `agent-${mark}` },
      };
    };
    const path = (scanRef: string) => `/v1/subjects/${scanRef}`;
    const erase = async (scanRef: string) =>
      (
        await world()
          .client.post(`${path(scanRef)}/erase`)
          .expect(200)
      ).body as Certificate;

    /** A session that failed once with a selfie from somewhere, and has its second code. */
    const withHistory = async (scanRef: string, personal: object): Promise<SessionBody> => {
      const { client, simulator } = world();
      const answer = await client
        .post('/v1/sessions', { scanRef, channels: ['code', 'sdk'], ...personal })
        .set('idempotency-key', scanRef)
        .expect(201);
      const session = answer.body as SessionBody;
      await fetch(`${simulator.url}/app/selfie`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          digitString: session.attempt!.code,
          outcome: 'FAILED',
          failReason: 'FACE_MISMATCH',
          ipAddress: '198.51.100.23',
        }),
      });
      await client.until(session.id, 'its second code', ({ attempts }) => attempts[1]?.state === 'issued');
      await client.untilEvent(session.id, 'attempt.issued');
      return session;
    };
    /** Every row of every table, the queue's as well; bytes as hex. */
    const everyRow = async (): Promise<string> => {
      const { database } = world();
      const { rows: tables } = await database.query<{ name: string }>(
        `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
          where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
      );
      const texts: string[] = [];
      for (const { name } of tables) {
        const { rows } = await database.query<{ row: string }>(`select t::text as row from ${name} as t`);
        texts.push(...rows.map(({ row }) => row));
      }
      return texts.join('\n');
    };
    const personalOf = (events: EventBody[]) => events.flatMap(({ personal }) => personal ?? []);

    it('is gone from sessions, events, webhooks and remembered answers once it is erased', async () => {
      const { client, database } = world();
      const scanRef = randomUUID();
      const texts = canaries();
      const session = await withHistory(scanRef, texts);
      const other = await withHistory(randomUUID(), canaries());
      const before = await client.events(session.id);
      expect(personalOf(before)).toEqual([
        expect.objectContaining(texts),
        expect.objectContaining({ selfieIp: '198.51.100.23' }),
        // The signal different-network.
        expect.objectContaining({ initiatorIp: '203.0.113.77', selfieIp: '198.51.100.23' }),
      ]);

      const certificate = await erase(scanRef);
      expect(certificate).toMatchObject({ scanRef, sessions: 1, keysDestroyed: 1 });
      expect(certificate.erased.map(({ where, count }) => [where, count])).toEqual(
        expect.arrayContaining([
          ['events.personal_sealed', 3],
          ['sessions.personal_sealed, sessions.reference_digest, sessions.identification_sealed', 1],
          ['idempotency_keys.key, idempotency_keys.request_digest, idempotency_keys.answer_sealed', 1],
          ['webhooks.body_sealed, webhooks.scan_ref_digest, webhooks.error', 1],
        ]),
      );
      const after = await client.events(session.id);
      expect(personalOf(after)).toEqual([]);
      expect(after.map(({ personalDigest }) => personalDigest)).toEqual(
        before.map(({ personalDigest }) => personalDigest),
      );
      expect(await client.session(session.id)).toMatchObject({ reference: null, metadata: {}, scanRef });
      const found = await client.get(`/v1/sessions?reference=${texts.reference}`).expect(200);
      expect(found.body).toMatchObject({ data: [] });
      const answers = await Promise.all(
        [
          '/v1/sessions?limit=200',
          '/v1/events?limit=1000',
          '/v1/webhooks?limit=200',
          '/v1/attempts?limit=200',
          `/v1/sessions/${session.id}/evidence`,
          '/v1/journal/export?format=csv',
        ].map((at) => client.get(at)),
      );
      for (const { text } of answers) {
        expect(text).not.toContain(texts.reference);
        expect(text).not.toContain(texts.metadata.note);
        expect(text).not.toContain(texts.initiator.userAgent);
      }
      const dumped = await everyRow();
      for (const canary of [texts.reference, texts.metadata.note, texts.initiator.userAgent]) {
        for (const spelling of [canary, Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64')]) {
          expect(dumped.includes(spelling)).toBe(false);
        }
      }
      expect(dumped).toContain(scanRef);
      expect((await client.get(`/v1/attempts?ip=${texts.initiator.ip}&scanRef=${scanRef}`).expect(200)).body).toEqual({
        data: [],
        nextCursor: null,
      });
      expect((await client.get('/v1/journal/verify').expect(200)).body).toMatchObject({ valid: true });
      const { rows } = await database.query<{ left: number }>(
        `select (select count(*) from subject_keys where scan_ref = $1 and key_sealed is not null)::int
              + (select count(*) from webhooks join attempts on attempts.id = attempt_id
                  where session_id = $2 and body_sealed is not null)::int
              + (select count(*) from sessions where id = $2 and octet_length(personal_sealed) > 0)::int as left`,
        [scanRef, session.id],
      );
      expect(rows[0]!.left).toBe(0);
      // Others keep theirs.
      expect(personalOf(await client.events(other.id))).toHaveLength(3);
    });

    /** Everything that a store holds in the clear, and everything that opens with the keys of the service. */
    const everything = async (): Promise<{ where: string; text: string }[]> => {
      const { database } = world();
      const opened = await openedValues(database, [Buffer.alloc(32, 7)]);
      return [{ where: 'a row', text: await everyRow() }, ...opened];
    };
    const holds = (text: string, canary: string) =>
      [canary, Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64')].some((spelling) =>
        text.includes(spelling),
      );

    it('is nowhere after an erasure, although every outside party had written it wherever they could', async () => {
      const { client, url, database } = world();
      const scanRef = randomUUID();
      const mark = `canary-${randomUUID()}`;
      const address = `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::77`;
      const selfieAddress = `2001:db9:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::77`;
      const other = `other-${randomUUID()}`;
      const send = (body: object | string, eventType: string, status = 200) =>
        sendWebhook(url, body, { eventType }).expect(status);
      const ours = 'FACIAL_AUTHENTICATION';
      const person = { firstName: mark, docNumber: mark };

      // A consumer that answers with what it knows.
      receiver = await startReceiver(({ body }) => ({
        body: body.includes(scanRef) || body.includes('"sessionId":"ses_') ? `hello ${mark}` : 'hello',
      }));
      const endpoint = await createEndpoint(client, receiver);
      // The platform.
      const asked = await client
        .post('/v1/sessions', {
          scanRef,
          channels: ['code', 'sdk'],
          reference: mark,
          metadata: { [mark]: mark },
          initiator: { ip: address, userAgent: mark },
        })
        .set('idempotency-key', mark)
        .expect(201);
      const session = asked.body as SessionBody;
      // iDenfy, and whoever else has a signing key.
      const named = { ...person, scanRef, clientId: mark, status: { overall: 'APPROVED' }, final: true };
      await send({ token: 'unknown', status: 'SUCCESS', scanRef, ipAddress: selfieAddress, note: mark }, ours);
      await send({ token: 'unknown-too', status: mark, scanRef }, ours);
      await send({ ...named, more: 1 }, 'AML_MONITORING');
      await send({ ...named, more: 2 }, 'IDENTIFICATION');
      await send({ ...named, more: 3 }, 'IDENTIFICATION_AUTO_FINISHED');
      await send({ ...named, more: 4 }, mark);
      await send({ ...person, scanRef }, ours);
      await send({ ...person, scanRef, status: 'FAILED' }, ours);
      await send(`{"broken": "${scanRef}", "name": "${mark}"`, ours, 400);
      await send({ token: 'of-before', status: 'FAILED', scanRef, note: mark }, ours);
      // As a row that is older than the digests of scanRefs.
      await waitFor(
        async () => {
          const { count } = await database.query(
            `update webhooks set scan_ref_digest = null where state = 'unmatched' and token_digest = sha256($1)`,
            [Buffer.from('idenfy-token:of-before')],
          );
          return count === 1;
        },
        { what: 'the webhook to be unmatched' },
      );
      // Nothing in this one says whose it is.
      await send({ token: 'of-nobody', status: 'FAILED', note: other }, ours);
      await send(
        {
          ...person,
          token: session.attempt!.token,
          status: 'SUCCESS',
          scanRef,
          ipAddress: selfieAddress,
          riskTags: [mark],
          failReason: `because of ${mark}`,
        },
        ours,
      );
      // The reviewers.
      await client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
      await client.post(`/v1/sessions/${session.id}/review/notes`, { note: mark }).expect(201);
      await client.post(`/v1/sessions/${session.id}/review`, { decision: 'fail', note: mark }).expect(200);
      // The lawyers.
      const hold = (method: string) =>
        fetch(`${url}${path(scanRef)}/legal-hold`, {
          method,
          headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
          ...(method === 'PUT' ? { body: JSON.stringify({ reason: mark }) } : {}),
        });
      expect((await hold('PUT')).status).toBe(200);
      expect((await hold('DELETE')).status).toBe(204);
      const told = async (type: string) =>
        (await receiver!.until(1, endpoint.path)).find(({ event }) => event.type === type) !== undefined;
      await waitFor(() => told('subject.hold-lifted'), { what: 'the last event to be delivered' });
      await waitFor(async () => (await deliveriesOf(client, endpoint.id, 'pending')).length === 0, {
        what: 'the deliveries to end',
      });
      await waitFor(async () => (await database.query(`select from webhooks where state = 'new'`)).count === 0, {
        what: 'the webhooks to be applied',
      });

      // That the search finds something at all. Nothing of a person is stored in the clear, not even before.
      const before = await everything();
      const found = (texts: { where: string; text: string }[], canary: string) =>
        [...new Set(texts.filter(({ text }) => holds(text, canary)).map(({ where }) => where))].sort();
      expect(found(before, mark)).toEqual(
        expect.arrayContaining([
          'delivery_attempts.response_sealed',
          'events.personal_sealed',
          'sessions.personal_sealed',
          'webhooks.body_sealed',
        ]),
      );

      // Auditors, whose reads name the subject and are delivered, too.
      await client.get(path(scanRef)).expect(200);
      const reads = async () => (await receiver!.until(1, endpoint.path)).map(({ event }) => JSON.stringify(event));
      await waitFor(
        async () => (await reads()).some((event) => event.includes('audit.read') && event.includes(scanRef)),
        {
          what: 'the read to be delivered',
        },
      );
      const certificate = await erase(scanRef);
      await waitFor(() => told('subject.erased'), { what: 'the erasure to be delivered' });
      await waitFor(async () => (await deliveriesOf(client, endpoint.id, 'pending')).length === 0, {
        what: 'the last delivery to end',
      });
      const after = await everything();
      for (const canary of [mark, address, selfieAddress]) expect([canary, found(after, canary)]).toEqual([canary, []]);
      // What names nobody stays until it is old, and the certificate says so.
      expect(found(after, other)).toEqual(['webhooks.body_sealed']);
      const kept = certificate.kept.find(({ what }) => what.startsWith('bodies of webhooks that name neither'));
      expect(kept?.count).toBeGreaterThanOrEqual(1);
      const erased = certificate.erased.find(({ where }) => where.startsWith('webhooks.body_sealed'));
      expect(erased?.count).toBe(7);
      await client.delete(`/v1/endpoints/${endpoint.id}`);
    });

    it('loses no result that was not applied yet when its subject was erased, also if no digest finds its body', async () => {
      const { client, url, database } = world();
      const scanRef = randomUUID();
      const asked = await client.post('/v1/sessions', { scanRef, channels: ['sdk'] }).expect(201);
      const session = asked.body as SessionBody;
      // Nothing can apply it before the erasure.
      await database.query('alter table webhooks rename column applied_at to applied_at_later');
      try {
        await sendWebhook(url, { token: session.attempt!.token, status: 'SUCCESS', about: scanRef }).expect(200);
        await erase(scanRef);
      } finally {
        await database.query('alter table webhooks rename column applied_at_later to applied_at');
      }
      await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
      await runRetention(world());
      const purged = `select from webhooks where attempt_id = $1 and state = 'applied' and body_sealed is null`;
      await waitFor(async () => (await database.query(purged, [session.attempt!.id])).count === 1, {
        what: 'its body to be deleted',
      });
    });

    it('is erased with a certificate that counts idempotency keys of refused requests, which name nobody', async () => {
      const { client, database } = world();
      const scanRef = randomUUID();
      await client.create(scanRef);
      await database.query(
        `insert into subjects (scan_ref, consecutive_failures, locks, locked_until, updated_at)
         values ($1, 5, 1, now() + interval '1 hour', now())
         on conflict (scan_ref) do update set locks = 1, locked_until = excluded.locked_until`,
        [scanRef],
      );
      await client.post('/v1/sessions', { scanRef }).set('idempotency-key', `Jane Doe ${scanRef}`).expect(423);
      const { kept } = await erase(scanRef);
      const refusals = kept.find(({ where }) => where.startsWith('idempotency_keys.key'));
      expect(refusals).toMatchObject({ count: 1, why: expect.stringContaining('24 hours') });
    });

    it('is erased with a certificate that names every column that could hold something of a person', async () => {
      const { client, database } = world();
      const scanRef = randomUUID();
      await client.create(scanRef);
      const { erased, kept, outside } = await erase(scanRef);
      const named = [...erased, ...kept].flatMap(({ where }) => where.split(', '));
      const { rows } = await database.query<{ name: string }>(
        `select table_name || '.' || column_name as name from information_schema.columns
          where table_schema = 'public' and data_type in ('text', 'jsonb', 'bytea', 'ARRAY')`,
      );
      const columns = rows.map(({ name }) => name);
      expect(named.filter((name) => !columns.includes(name))).toEqual([]);
      const impersonal = Object.values(impersonalColumns).flat();
      const isImpersonal = (name: string) =>
        impersonal.includes(name) ||
        impersonal.includes(name.replace(/^.*\./, '*.')) ||
        impersonal.includes(name.replace(/\..*$/, '.*'));
      expect(columns.filter((name) => !named.includes(name) && !isImpersonal(name))).toEqual([]);
      const sealed = Object.values(sealedColumns).map(({ table, column }) => `${table}.${column}`);
      expect(sealed.filter((name) => !columns.includes(name))).toEqual([]);
      expect(columns.filter((name) => name.endsWith('_sealed') && !sealed.includes(name))).toEqual([]);
      for (const { why } of kept) expect(why).not.toBe('');
      expect(outside).toHaveLength(3);
    });

    it('is erased with a certificate that the key of the journal has signed', async () => {
      const scanRef = randomUUID();
      await world().client.create(scanRef, canaries());
      const { signature, ...statement } = await erase(scanRef);
      const key = createPublicKey(signature.publicKey);
      const value = Buffer.from(signature.value, 'base64');
      const signs = (what: object) => verify(null, Buffer.from(canonicalJson(what as unknown as Json)), key, value);
      expect(signs(statement)).toBe(true);
      expect(signs({ ...statement, sessions: 0 })).toBe(false);
      const told = await waitFor(
        async () => {
          const { body } = await world().client.get('/v1/events?type=subject.erased&limit=1000');
          return (body as { data: EventBody[] }).data.find(({ data }) => data.scanRef === scanRef) ?? null;
        },
        { what: 'subject.erased' },
      );
      expect(told.data).toMatchObject({ because: 'asked', sessions: 1, keysDestroyed: 1 });
    });

    it('can be erased again, and grows anew with the next session', async () => {
      const { client } = world();
      const scanRef = randomUUID();
      await client.create(scanRef, canaries());
      await erase(scanRef);
      expect(await erase(scanRef)).toMatchObject({ keysDestroyed: 0, sessions: 1 });
      const texts = canaries();
      const next = await client.create(scanRef, texts);
      expect(await client.session(next.id)).toMatchObject({ reference: texts.reference, metadata: texts.metadata });
      expect(await erase(scanRef)).toMatchObject({ keysDestroyed: 1, sessions: 2 });
    });

    it('takes nothing in any more from results that come after the erasure', async () => {
      const { client, database } = world();
      const scanRef = randomUUID();
      const answer = await client.create(scanRef, { channels: ['sdk'], ...canaries() });
      await erase(scanRef);
      const { token } = answer.attempt!;
      await sendWebhook(world().url, { token, status: 'FAILED', ipAddress: '198.51.100.99', scanRef }).expect(200);
      await client.until(answer.id, 'the result', ({ attempts }) => attempts[0]?.state === 'retry');
      const events = await client.untilEvent(answer.id, 'attempt.issued');
      const told = events.find(({ type }) => type === 'attempt.retry');
      expect(told).toMatchObject({ personal: null, personalDigest: expect.stringMatching(/^[0-9a-f]{64}$/) });
      await runRetention(world());
      const bodies = () =>
        database.query(
          'select from webhooks join attempts on attempts.id = attempt_id where session_id = $1 and body_sealed is not null',
          [answer.id],
        );
      await waitFor(async () => (await bodies()).count === 0, { what: 'the body to go' });
    });

    it('stays whole when a session is made while the subject is erased', async () => {
      const { client } = world();
      const scanRef = randomUUID();
      await client.create(scanRef, canaries());
      const made = await Promise.all([
        ...Array.from({ length: 5 }, () => client.create(scanRef, canaries())),
        erase(scanRef).then(() => null),
      ]);
      for (const session of made) if (session) await client.session(session.id);
    });

    it('is kept under a legal hold', async () => {
      const { client } = world();
      const scanRef = randomUUID();
      await client.get(`${path(scanRef)}/legal-hold`).expect(404);
      const put = (body: object) =>
        fetch(`${world().url}${path(scanRef)}/legal-hold`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      expect((await put({ reason: 'case 7' })).status).toBe(404);
      const texts = canaries();
      const session = await client.create(scanRef, texts);
      expect((await put({})).status).toBe(400);
      expect((await put({ reason: 'case 7' })).status).toBe(200);
      expect((await client.get(`${path(scanRef)}/legal-hold`).expect(200)).body).toMatchObject({ reason: 'case 7' });
      const refused = await client.post(`${path(scanRef)}/erase`).expect(409);
      expect(refused.body).toMatchObject({ code: 'legal-hold' });
      expect(await client.session(session.id)).toMatchObject({ reference: texts.reference });
      const lift = () =>
        fetch(`${world().url}${path(scanRef)}/legal-hold`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${client.key}` },
        });
      expect((await lift()).status).toBe(204);
      expect((await lift()).status).toBe(404);
      await erase(scanRef);
    });

    it('goes with age, but not while a session is open, young or held', async () => {
      const { client, database } = world();
      const texts = canaries();
      const [old, open, held] = [randomUUID(), randomUUID(), randomUUID()];
      const sessions: Record<string, string> = {};
      for (const scanRef of [old, open, held]) sessions[scanRef] = (await client.create(scanRef, texts)).id;
      for (const scanRef of [old, held]) await client.post(`/v1/sessions/${sessions[scanRef]}/cancel`).expect(200);
      await fetch(`${world().url}${path(held)}/legal-hold`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'case 8' }),
      });
      const age = (days: number) =>
        database.query('update sessions set ended_at = ended_at - $2::interval where id = any ($1)', [
          [sessions[old], sessions[held]],
          `${days} days`,
        ]);
      await age(31);
      await database.query(
        `update subject_keys set created_at = created_at - interval '40 days' where scan_ref = any ($1)`,
        [[old, open, held]],
      );
      await runRetention(world());
      const reference = async (scanRef: string) =>
        ((await client.session(sessions[scanRef]!)) as unknown as { reference: string | null }).reference;
      await waitFor(async () => (await reference(old)) === null, { what: 'the old session to lose its personal data' });
      expect([await reference(open), await reference(held)]).toEqual([texts.reference, texts.reference]);
      const retired = async () =>
        (await database.query('select from subject_keys where scan_ref = $1 and retired_at is not null', [open])).count;
      await waitFor(async () => (await retired()) === 1, { what: 'the key that has served to be retired' });
      await age(-31);
      // A retired key opens still, and the next session has one of its own.
      await client.create(open, texts);
      const { count } = await database.query('select from subject_keys where scan_ref = $1', [open]);
      expect(count).toBe(2);
    });

    it.each(['sessions', 'audit', 'review', 'endpoints'])('is not erased by a key with scope %s', async (scope) => {
      const made = await world()
        .client.post('/v1/api-keys', { name: scope, scopes: [scope] })
        .expect(201);
      const limited = world().client.as((made.body as { key: string }).key);
      await limited.post(`${path(randomUUID())}/erase`).expect(403);
      await world()
        .client.post(`${path(randomUUID())}/erase`)
        .expect(404);
    });
  },
  { PERSONAL_DATA_RETENTION_DAYS: '30', SIGNALS_HOLD: 'different-network', EGRESS_ALLOW: '127.0.0.0/8' },
);
