/** Service processes that share a store and an iDenfy simulator: to be split, stopped and killed. */
import { rmSync } from 'node:fs';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { freePort } from './free-port.js';
import { startServiceProcess, type ServiceProcess } from './service-process.js';
import { temporaryFolder } from './temporary-folder.js';
import { Client } from './client.js';
import { idenfyVariables, openStore, simulatorKeys, type StoreName } from './store.js';

export interface ProcessWorld {
  readonly simulator: Simulator;
  /** on the world's fixed port, where the simulator sends its webhooks */
  start(variables?: Readonly<Record<string, string>>): Promise<Running>;
  /** on a port of its own */
  startAnother(variables?: Readonly<Record<string, string>>): Promise<Running>;
  /** what every process of this world was started with */
  readonly variables: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export type Running = ServiceProcess & {
  readonly client: Client;
  /** as in ROLES; null: both */
  readonly roles: string | null;
};

export async function openProcessWorld(
  /** given: in the variables */
  store: StoreName | 'given',
  variables: Readonly<Record<string, string>> = {},
): Promise<ProcessWorld> {
  // Tries until the world closes, because a slow machine may need very long for a restart.
  const resend = { times: Number.POSITIVE_INFINITY, everyMilliseconds: 200 };
  const simulator = await startSimulator({ ...simulatorKeys, webhookUrl: null, resend });
  const opened = store === 'given' ? { variables: {}, drop: () => Promise.resolve() } : await openStore(store);
  const folder = temporaryFolder('process-world');
  const port = await freePort();
  simulator.setWebhookUrl(`http://127.0.0.1:${port}/webhooks/idenfy`);
  const started: ServiceProcess[] = [];
  const common = {
    ...idenfyVariables(simulator),
    ...opened.variables,
    ...(store === 'embedded' ? { FACECODE_DATA_DIR: folder } : {}),
    ...variables,
  };
  const startAnother = async (more: Readonly<Record<string, string>> = {}) => {
    const service = await startServiceProcess({ ...common, ...more });
    started.push(service);
    return { ...service, client: new Client(service.url, service.adminKey), roles: more.ROLES ?? null };
  };
  return {
    simulator,
    variables: common,
    startAnother,
    start: (more = {}) => startAnother({ PORT: `${port}`, ...more }),
    close: async () => {
      await Promise.all(started.map((service) => service.kill()));
      await simulator.close();
      await opened.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
