import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOfJson, type SignedEvidenceStatement, signStatement } from '../../src/audit/evidence-statement.js';
import { provenSession } from '../../src/audit/proven-session.js';
import { verifyEvidence } from '../../src/audit/verify-evidence.js';
import { type Verdict, verifyAnyFile } from '../../src/cli/verify-any-file.js';
import { SETTINGS } from '../../src/config/settings.token.js';
import type { Settings } from '../../src/config/settings.js';
import type { Json } from '../../src/core/canonical-json.js';
import { parseTrustedKey, pemOf, type TrustedKey } from '../../src/journal/export/trusted-key.js';
import type { JsonObject } from '../../src/journal/export/verify-event.js';
import type { JournalEvent } from '../../src/journal/journal-event.js';
import { noteSigner } from '../../src/journal/tree/signed-note.js';
import type { SessionBody } from '../support/client.js';
import { checkEvidence } from '../support/independent-verifier.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook } from '../support/webhook.js';
import { onEveryStore } from '../support/world.js';

interface Evidence {
  session: { id: string; status: string };
  attempts: { state: string }[];
  events: { event: { type: string; data: object } }[];
  webhooks: { id: string; digest: string; verdict: string }[];
  deliveries: { state: string; eventId: string }[];
}

/** Each of them occurs once in a session. */
const sentTypes = ['session.created', 'attempt.passed', 'session.passed'];

/** The `unproven` members of a file in which an event names every webhook. */
const unprovenNames = [
  'webhooks[].digest',
  'webhooks[].receivedAt',
  ...['id', 'endpointId', 'state', 'nextTryAt', 'createdAt', 'endedAt', 'attempts'].map(
    (name) => `deliveries[].${name}`,
  ),
];

onEveryStore(
  'what is handed to a court',
  (world) => {
    const folder = temporaryFolder('evidence');
    const consumer = createServer((request, response) => request.resume().on('end', () => response.end()));
    let key: TrustedKey;
    beforeAll(async () => {
      await new Promise<void>((resolve) => consumer.listen(0, '127.0.0.1', resolve));
      const { port } = consumer.address() as AddressInfo;
      await world()
        .client.post('/v1/endpoints', { url: `http://127.0.0.1:${port}/`, eventTypes: sentTypes })
        .expect(201);
      const { body } = await world().client.get('/v1/journal/key').expect(200);
      key = parseTrustedKey((body as { verifierKey: string }).verifierKey)!;
    });
    afterAll(() => {
      consumer.closeAllConnections();
      consumer.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const verdictOn = (text: string, trusted: TrustedKey | null = key): Promise<Verdict> => {
      const file = join(folder, 'file');
      writeFileSync(file, text);
      return verifyAnyFile(file, trusted);
    };
    const passed = async (scanRef: string): Promise<SessionBody> => {
      const { client, simulator } = world();
      const session = await client.create(scanRef, { reference: 'order-4711', initiator: { ip: '203.0.113.7' } });
      await fetch(`${simulator.url}/app/selfie`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ digitString: session.attempt!.code, outcome: 'SUCCESS', ipAddress: '203.0.113.9' }),
      });
      return client.until(session.id, 'it to pass', ({ status }) => status === 'passed');
    };

    const failed = async (scanRef: string): Promise<SessionBody> => {
      const { client, simulator } = world();
      const session = await client.create(scanRef, { maxAttempts: 1 });
      await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
      return client.until(session.id, 'it to fail', ({ status }) => status === 'failed');
    };

    it('is the evidence of a session: it verifies offline and shows every change of an event', async () => {
      const { id } = await passed('evidence');
      // The pass is confirmed in the background. Wait until the session no longer changes.
      const fetched = () => world().client.get(`/v1/sessions/${id}/evidence`).expect(200);
      const text = await waitFor(
        async () => {
          const answer = await fetched();
          const { deliveries } = answer.body as Evidence;
          const done = deliveries.length === sentTypes.length && deliveries.every(({ state }) => state === 'delivered');
          return done ? answer.text : null;
        },
        { what: 'the events to be delivered' },
      );
      const evidence = JSON.parse(text) as Evidence;
      expect(evidence).toMatchObject({
        session: { id, status: 'passed' },
        attempts: [{ state: 'passed' }],
        webhooks: [{ digest: expect.stringMatching(/^[0-9a-f]{64}$/), verdict: 'moved' }],
      });
      expect(text).not.toMatch(/"(code|token|clientToken)":/);
      expect(await verdictOn(text)).toMatchObject({ ok: true, kind: 'evidence', events: evidence.events.length });
      for (const nth of evidence.events.keys()) {
        const forged = structuredClone(evidence);
        forged.events[nth]!.event.data = { ...forged.events[nth]!.event.data, forged: true };
        expect(await verdictOn(JSON.stringify(forged))).toMatchObject({ ok: false });
      }
      const shorter = { ...evidence, events: evidence.events.filter((_, nth) => nth !== 2) };
      expect(await verdictOn(JSON.stringify(shorter))).toMatchObject({ ok: false });
    });

    describe('of a session that failed once, then passed, was held and was granted by a person', () => {
      let text: string;
      let evidence: Members;
      let pem: string;
      beforeAll(async () => {
        const { client, simulator, url } = world();
        const session = await client.create('evidence-table', {
          reference: 'order-4711',
          metadata: { basket: 'b-1' },
          initiator: { ip: '203.0.113.7' },
        });
        await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED', failReason: 'FAKE_FACE' });
        const second = await client.until(
          session.id,
          'the second code',
          ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
        );
        const { body } = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
        await simulator.selfie({ digitString: (body as { code: string }).code, outcome: 'SUCCESS' });
        await client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
        // The same result in other bytes changes nothing, so no event names it.
        const sent = simulator.ledger.webhooks.at(-1)!;
        await sendWebhook(url, `${sent.body} `).expect(200);
        await client.post(`/v1/sessions/${session.id}/review`, { decision: 'pass', note: 'called her' }).expect(200);
        expect(second.attempts).toHaveLength(2);
        text = await waitFor(
          async () => {
            const answer = await client.get(`/v1/sessions/${session.id}/evidence`).expect(200);
            const { deliveries, webhooks } = answer.body as Evidence;
            const delivered =
              deliveries.length === sentTypes.length && deliveries.every(({ state }) => state === 'delivered');
            return delivered && webhooks.some(({ verdict }) => verdict === 'replayed') ? answer.text : null;
          },
          { what: 'the events to be delivered' },
        );
        evidence = JSON.parse(text) as Members;
        pem = pemOf(key.key);
      });

      const ours = (bundle: Members) => verifyEvidence(bundle as unknown as JsonObject, key);
      const isAccepted = (bundle: Members): boolean => {
        const { ok } = ours(bundle);
        let independent = true;
        try {
          checkEvidence(JSON.stringify(bundle), pem);
        } catch {
          independent = false;
        }
        // Two verifiers that share no code.
        expect({ ok, independent }).toEqual({ ok, independent: ok });
        return ok;
      };
      const signer = () => {
        const { journalOrigin, keys } = world().service.service.app.get<Settings>(SETTINGS);
        return noteSigner(journalOrigin, keys.journal);
      };
      /** Signs a matching statement with the real key: what a dishonest service could do. */
      const signedAnew = (bundle: Members): Members => {
        const { signature: _, ...statement } = bundle.statement as unknown as SignedEvidenceStatement;
        const digests = {
          events: (bundle.events as Value[]).length,
          webhooksDigest: digestOfJson(bundle.webhooks as Json),
          deliveriesDigest: digestOfJson(bundle.deliveries as Json),
        };
        const signed = signStatement({ ...statement, ...digests }, signer().privateKey);
        return { ...bundle, statement: signed as unknown as Value };
      };

      it('verifies, and lists what no event proves', () => {
        expect(isAccepted(evidence)).toBe(true);
        const verdict = ours(evidence);
        expect(verdict).toMatchObject({ ok: true, kind: 'evidence', session: { status: 'passed' } });
        expect(evidence).toMatchObject({
          version: 2,
          session: { status: 'passed', reference: 'order-4711', metadata: { basket: 'b-1' } },
          attempts: [
            { state: 'retry', outcome: { failReason: 'FAKE_FACE' }, signals: ['presentation-attack'] },
            { state: 'passed', outcome: { status: 'SUCCESS' } },
          ],
          unproven: { saidBy: signer().name, members: verdict.ok && verdict.unproven },
        });
        const { webhooks, unproven } = evidence as { webhooks: Members[]; unproven: { members: string[] } };
        const replayed = webhooks.findIndex(({ verdict }) => verdict === 'replayed');
        expect(unproven.members).toEqual([
          'webhooks[].digest',
          'webhooks[].receivedAt',
          'deliveries[].id',
          'deliveries[].endpointId',
          'deliveries[].state',
          'deliveries[].nextTryAt',
          'deliveries[].createdAt',
          'deliveries[].endedAt',
          'deliveries[].attempts',
          `webhooks[${replayed}]`,
        ]);
      });

      it('shows the session as the API shows it', async () => {
        const {
          attempt: _,
          attempts,
          ...session
        } = await world().client.session((evidence.session as { id: string }).id);
        expect(evidence.session).toEqual(session);
        expect(evidence.attempts).toEqual(attempts.map(({ codeHint: _hint, ...shown }) => shown));
      });

      const parts = ['session', 'attempts', 'webhooks', 'deliveries', 'statement', 'unproven'];

      it('does not verify if anything was changed, removed or added', () => {
        const changes = [...changesOf(evidence, parts)];
        expect(changes.length).toBeGreaterThan(250);
        expect(changes.filter(({ bundle }) => isAccepted(bundle)).map(({ what }) => what)).toEqual([]);
        const { session: _, ...without } = evidence;
        expect([without, { ...evidence, added: true }].map(isAccepted)).toEqual([false, false]);
      });

      it('does not verify even if the service itself signs what its events do not say', () => {
        const changes = [...changesOf(evidence, ['session', 'attempts', 'webhooks', 'deliveries'])];
        const accepted = changes.filter(({ bundle, declared }) => !declared && isAccepted(signedAnew(bundle)));
        expect(accepted.map(({ what }) => what)).toEqual([]);
        const declared = changes.filter((change) => change.declared);
        expect(declared.some(({ bundle }) => isAccepted(signedAnew(bundle)))).toBe(true);
      });

      it('does not verify if its last events were cut off and everything else was adapted', () => {
        const events = evidence.events as unknown as { event: JournalEvent }[];
        for (const length of [1, 2, 5, events.length - 2, events.length - 1]) {
          const kept = events.slice(0, length);
          const named = new Set(kept.map(({ event }) => event.actor.id));
          const ids = new Set(kept.map(({ event }) => event.id));
          const bundle = {
            ...evidence,
            ...(provenSession(kept.map(({ event }) => event)) as unknown as Members),
            events: kept as unknown as Value[],
            webhooks: (evidence.webhooks as Members[]).filter(({ id }) => named.has(id as string)),
            deliveries: (evidence.deliveries as Members[]).filter(({ eventId }) => ids.has(eventId as string)),
            unproven: { ...(evidence.unproven as Members), members: unprovenNames },
          };
          expect(isAccepted(bundle)).toBe(false);
          expect(ours(bundle)).toMatchObject({
            reason: expect.stringMatching(/^it is not complete: the service signed/),
          });
          // So only the statement shows the cut.
          expect(isAccepted(signedAnew(bundle))).toBe(true);
        }
      });

      it('verifies without personal data, but not with personal data that no event proves', () => {
        const events = (evidence.events as { event: Members; proof: Members }[]).map(({ event, proof }) => ({
          event: { ...event, personal: null },
          proof,
        }));
        const claimed = { ...evidence, events };
        expect(isAccepted(claimed)).toBe(false);
        const session = { ...(evidence.session as Members), reference: null, metadata: {} };
        expect(isAccepted({ ...claimed, session })).toBe(true);
      });

      it('is refused as evidence of version 1, which did not prove session and attempts', () => {
        const { statement: _, unproven: _unproven, ...first } = { ...evidence, version: 1 } as Members;
        expect(ours(first)).toMatchObject({ ok: false, reason: expect.stringContaining('version 1') });
      });
    });

    it('shows a webhook that was replayed by hand with the verdict of its event', async () => {
      const { client } = world();
      const { id } = await passed('evidence-replayed');
      const evidence = async () => (await client.get(`/v1/sessions/${id}/evidence`).expect(200)).text;
      const { webhooks } = JSON.parse(await evidence()) as Evidence;
      await client.post(`/v1/webhooks/${webhooks[0]!.id}/replay`).expect(200);
      const text = await evidence();
      expect((JSON.parse(text) as Evidence).webhooks).toEqual(webhooks);
      expect(await verdictOn(text)).toMatchObject({ ok: true });
    });

    it('does not verify if a failed session is shown as passed, or with another failReason', async () => {
      const { id } = await failed('evidence-falsified');
      const { text } = await world().client.get(`/v1/sessions/${id}/evidence`).expect(200);
      expect(await verdictOn(text)).toMatchObject({ ok: true, kind: 'evidence' });
      const passed = text.replace('"status":"failed"', '"status":"passed"');
      expect(passed).not.toBe(text);
      expect(await verdictOn(passed)).toMatchObject({ ok: false });
      const otherReason = text.replace('"failReason":"FACE_MISMATCH"', '"failReason":"NO_FACE_FOUND"');
      expect(otherReason).not.toBe(text);
      expect(await verdictOn(otherReason)).toMatchObject({ ok: false });
    });

    it('is the certificate of an erasure, after which the evidence still verifies', async () => {
      const { id } = await passed('evidence-erased');
      const { text } = await world().client.post('/v1/subjects/evidence-erased/erase').expect(200);
      expect(await verdictOn(text)).toMatchObject({ ok: true, kind: 'certificate', scanRef: 'evidence-erased' });
      expect(await verdictOn(text.replace('"sessions":1', '"sessions":0'))).toMatchObject({ ok: false });
      const evidence = await world().client.get(`/v1/sessions/${id}/evidence`).expect(200);
      expect(evidence.text).not.toContain('order-4711');
      expect(await verdictOn(evidence.text)).toMatchObject({ ok: true, kind: 'evidence' });
    });

    it('does not verify with a key that did not sign it', async () => {
      const { id } = await passed('evidence-key');
      const { text } = await world().client.get(`/v1/sessions/${id}/evidence`).expect(200);
      const other = parseTrustedKey(
        '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
      );
      expect(await verdictOn(text, other)).toMatchObject({ ok: false });
      await world().client.get('/v1/sessions/ses_00000000000000000000000000000000/evidence').expect(404);
    });
  },
  { EGRESS_ALLOW: '127.0.0.0/8', SIGNALS_HOLD: 'presentation-attack' },
);

type Members = { [name: string]: Value };
type Value = null | boolean | number | string | Value[] | Members;

/** A change somewhere in a file, and whether the file lists that place as unproven. */
interface Change {
  what: string;
  bundle: Members;
  declared: boolean;
}

/**
 * Changes every leaf, leaves out every member, adds a member to every object, and shortens, doubles and reverses every
 * list.
 */
function* changesOf(bundle: Members, names: readonly string[]): Generator<Change> {
  const { members } = bundle.unproven as { members: string[] };
  const isWithin = (path: string, member: string) =>
    path === member || [`${member}.`, `${member}[`].some((start) => path.startsWith(start));
  const declared = (path: string): boolean =>
    members.some((member) => isWithin(path, member) || isWithin(path.replaceAll(/\[\d+\]/g, '[]'), member));
  const changed = (path: string, what: string, change: (parent: Members, name: string) => void): Change => {
    const copy = structuredClone(bundle);
    const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
    let parent: Members = copy;
    for (const step of steps.slice(0, -1)) parent = parent[step] as Members;
    change(parent, steps.at(-1)!);
    return { what: `${path} ${what}`, bundle: copy, declared: declared(path) };
  };
  function* walk(value: Value, path: string): Generator<Change> {
    if (Array.isArray(value)) {
      const list = (what: string, to: (items: Value[]) => Value[]) =>
        changed(path, what, (parent, name) => void (parent[name] = to(parent[name] as Value[])));
      yield list('with an entry more', (items) => [...items, 'added']);
      if (value.length > 0) yield list('with its first entry twice', (items) => [items[0]!, ...items]);
      if (value.length > 1) yield list('turned round', (items) => items.toReversed());
      for (const nth of value.keys()) {
        const entry = `${path}[${nth}]`;
        const removed = list(`without [${nth}]`, (items) => items.toSpliced(nth, 1));
        // No event proves that a list is complete: only the signature shows that an entry is missing.
        yield { ...removed, declared: removed.declared || declared(entry) || path === 'deliveries' };
        yield* walk(value[nth]!, entry);
      }
      return;
    }
    if (typeof value === 'object' && value !== null) {
      yield changed(path, 'with a member more', (parent, name) => void ((parent[name] as Members).added = null));
      yield changed(path, 'with a member more', (parent, name) => {
        parent[name] = JSON.parse(
          `{"__proto__":{},${JSON.stringify(parent[name]).slice(1)}`.replace(',}', '}'),
        ) as Value;
      });
      for (const name of Object.keys(value)) {
        const at = `${path}.${name}`;
        const without = changed(at, 'left out', (parent, last) => void delete parent[last]);
        yield { ...without, declared: declared(path) };
        yield* walk(value[name]!, at);
      }
      return;
    }
    for (const other of othersThan(value)) {
      yield changed(path, `as ${JSON.stringify(other)}`, (parent, name) => void (parent[name] = other));
    }
  }
  for (const name of names) yield* walk(bundle[name]!, name);
}

function othersThan(value: null | boolean | number | string): Value[] {
  if (typeof value === 'number') return [value + 1, String(value), null];
  if (typeof value === 'boolean') return [!value];
  return value === null ? ['2026-01-01T00:00:00.000Z', 0] : [`${value}x`, `x${value}`, '', null];
}
