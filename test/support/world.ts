/** A running service with its iDenfy simulator and a client, on each of the two stores. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { AttemptsStore } from '../../src/attempts/attempts.store.js';
import { Consistency, type Difference } from '../../src/attempts/consistency.js';
import { Database } from '../../src/database/database.js';
import { JournalStore } from '../../src/journal/journal.store.js';
import { Client } from './client.js';
import { eventCheck } from './event-schemas.js';
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
    await service.close();
    await simulator.close();
    await opened.drop();
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
    }, 60_000);
    afterAll(async () => {
      const differing = await inconsistencies(world);
      const undescribed = await undescribedEvents(world);
      await world.close();
      expect(differing).toEqual([]);
      expect(undescribed).toEqual([]);
    });
    suite(() => world);
  };
  describe(`${name}, on the embedded store`, on('embedded'));
  describeServers(`${name}, on PostgreSQL and Redis`, ['postgres', 'redis'], on('servers'));
}

/** Sessions whose rows are not what their events say: after whatever a suite has done there must be none. */
async function inconsistencies({ database, service }: World): Promise<Difference[]> {
  const found: Difference[] = [];
  const { app } = service.service;
  const consistency = new Consistency(database, app.get(AttemptsStore), app.get(JournalStore));
  await consistency.check((difference) => found.push(difference));
  return found;
}

/** What the journal holds that the catalogue of events does not say. */
async function undescribedEvents({ service }: World): Promise<string[]> {
  const journal = service.service.app.get(JournalStore);
  const check = eventCheck();
  const found = new Set<string>();
  for (let after = 0; ;) {
    const page = await journal.read({ after, limit: 1000 });
    for (const event of page) {
      const fault = check(event);
      if (fault) found.add(fault);
    }
    after = page.at(-1)?.position ?? after;
    if (page.length < 1000) return [...found];
  }
}
