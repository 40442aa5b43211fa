import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Verdict, verifyAnyFile } from '../../src/cli/verify-any-file.js';
import { parseTrustedKey, type TrustedKey } from '../../src/journal/export/trusted-key.js';
import type { SessionBody } from '../support/client.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore } from '../support/world.js';

interface Evidence {
  session: { id: string; status: string };
  attempts: { state: string }[];
  events: { event: { type: string; data: object } }[];
  webhooks: { digest: string; verdict: string }[];
  deliveries: { state: string; eventId: string }[];
}

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
        .client.post('/v1/endpoints', { url: `http://127.0.0.1:${port}/` })
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

    it('is the evidence of a session, which verifies offline and shows every change of an event', async () => {
      const { id } = await passed('evidence');
      // The pass is confirmed in the background; the bundle is to be of a session at rest.
      const fetched = () => world().client.get(`/v1/sessions/${id}/evidence`).expect(200);
      const text = await waitFor(
        async () => {
          const answer = await fetched();
          const { deliveries, events } = answer.body as Evidence;
          const done = deliveries.length === events.length && deliveries.every(({ state }) => state === 'delivered');
          return done ? answer.text : null;
        },
        { what: 'every event to be delivered' },
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

    it('is the certificate of an erasure, after which the evidence verifies still', async () => {
      const { id } = await passed('evidence-erased');
      const { text } = await world().client.post('/v1/subjects/evidence-erased/erase').expect(200);
      expect(await verdictOn(text)).toMatchObject({ ok: true, kind: 'certificate', scanRef: 'evidence-erased' });
      expect(await verdictOn(text.replace('"sessions":1', '"sessions":0'))).toMatchObject({ ok: false });
      const evidence = await world().client.get(`/v1/sessions/${id}/evidence`).expect(200);
      expect(evidence.text).not.toContain('order-4711');
      expect(await verdictOn(evidence.text)).toMatchObject({ ok: true, kind: 'evidence' });
    });

    it('is nothing for a key that is not the one it was signed with', async () => {
      const { id } = await passed('evidence-key');
      const { text } = await world().client.get(`/v1/sessions/${id}/evidence`).expect(200);
      const other = parseTrustedKey(
        '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
      );
      expect(await verdictOn(text, other)).toMatchObject({ ok: false });
      await world().client.get('/v1/sessions/ses_00000000000000000000000000000000/evidence').expect(404);
    });
  },
  { EGRESS_ALLOW: '127.0.0.0/8' },
);
