/** A running service with its iDenfy simulator and a client, on each of the two stores. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { AttemptsStore } from '../../src/attempts/attempts.store.js';
import { Consistency, type Difference } from '../../src/attempts/consistency.js';
import { Reach } from '../../src/core/reach.js';
import { Database } from '../../src/database/database.js';
import { JournalStore } from '../../src/journal/journal.store.js';
import { Evidence } from '../../src/audit/evidence.service.js';
import { verifyEvidence } from '../../src/audit/verify-evidence.js';
import { pemOf, type TrustedKey } from '../../src/journal/export/trusted-key.js';
import type { JsonObject } from '../../src/journal/export/verify-event.js';
import { JOURNAL_KEY } from '../../src/journal/tree/journal-key.js';
import type { NoteSigner } from '../../src/journal/tree/signed-note.js';
import { Client } from './client.js';
import { eventCheck } from './event-schemas.js';
import { checkEvidence } from './independent-verifier.js';
import { idenfyVariables, openStore, simulatorKeys, type StoreName } from './store.js';
import { describeServers } from './servers.js';
import { startTestService, type TestService } from './service.js';

export interface World {
  readonly store: StoreName;
  readonly url: string;
  readonly simulator: Simulator;
  readonly service: TestService;
  readonly database: Database;
  readonly client: Client;
  close(): Promise<void>;
}

export async function openWorld(store: StoreName, variables: Readonly<Record<string, string>> = {}): Promise<World> {
  const simulator = await startSimulator({
    ...simulatorKeys,
    webhookUrl: null,
    resend: { times: 10, everyMilliseconds: 200 },
  });
  const opened = await openStore(store);
  const service = await startTestService({ ...idenfyVariables(simulator), ...opened.variables, ...variables });
  simulator.setWebhookUrl(`${service.url}/webhooks/idenfy`);
  const close = async () => {
    // Each of them, even if one fails to close.
    await service
      .close()
      .finally(() => simulator.close())
      .finally(() => opened.drop());
  };
  const database = service.service.app.get(Database);
  return {
    store,
    url: service.url,
    simulator,
    service,
    database,
    client: new Client(service.url, service.adminKey),
    close,
  };
}

/** The same suite on the embedded store and on PostgreSQL with Redis; `world()` is open while its tests run. */
export function onEveryStore(
  name: string,
  suite: (world: () => World) => void,
  variables: Record<string, string> = {},
): void {
  const on = (store: StoreName) => () => {
    let world: World;
    beforeAll(async () => {
      world = await openWorld(store, variables);
    });
    afterAll(async () => {
      try {
        expect(await inconsistencies(world)).toEqual([]);
        expect(await undescribedEvents(world)).toEqual([]);
        expect(await refusedEvidence(world)).toEqual([]);
      } finally {
        await world.close();
      }
    });
    suite(() => world);
  };
  describe(`${name}, on the embedded store`, on('embedded'));
  describeServers(`${name}, on PostgreSQL and Redis`, ['postgres', 'redis'], on('servers'));
}

/** Sessions whose rows differ from their events. After every suite there must be none. */
async function inconsistencies({ database, service }: World): Promise<Difference[]> {
  const found: Difference[] = [];
  const { app } = service.service;
  const consistency = new Consistency(database, app.get(AttemptsStore), app.get(JournalStore));
  await consistency.check((difference) => found.push(difference));
  return found;
}

/**
 * Real evidence that a verifier refuses. Checks the sessions with the most events, because rare things happen to those.
 */
async function refusedEvidence({ database, service }: World): Promise<string[]> {
  const { app } = service.service;
  const trusted: TrustedKey = { key: app.get<NoteSigner>(JOURNAL_KEY).key, name: null };
  // A suite without a worker seals nothing, so skip sessions with unsealed events.
  const { rows } = await database.query<{ id: string }>(
    `select id from sessions
      where not exists (select from events where session_id = sessions.id and position is null)
      order by seq desc, id limit 8`,
  );
  const refused: string[] = [];
  for (const { id } of rows) {
    const evidence = await app.get(Evidence).of(id, Reach.all);
    // The session got new events meanwhile.
    if (typeof evidence === 'string') continue;
    const text = JSON.stringify(evidence);
    const verdict = verifyEvidence(JSON.parse(text) as JsonObject, trusted);
    if (!verdict.ok) refused.push(`${id}: ${verdict.reason}`);
    try {
      checkEvidence(text, pemOf(trusted.key));
    } catch (error) {
      refused.push(`${id}, independently: ${(error as Error).message}`);
    }
  }
  return refused;
}

/** Events in the journal that do not match the event catalogue. */
async function undescribedEvents({ service }: World): Promise<string[]> {
  const journal = service.service.app.get(JournalStore);
  const check = eventCheck();
  const found = new Set<string>();
  for (let after = 0; ;) {
    const page = await journal.read({ reach: Reach.all, after, limit: 1000 });
    for (const event of page) {
      const fault = check(event);
      if (fault) found.add(fault);
    }
    after = page.at(-1)?.position ?? after;
    if (page.length < 1000) return [...found];
  }
}
