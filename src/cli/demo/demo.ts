/** The demo: the service and the iDenfy simulator in one process, with keys and data of their own. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, startService } from '../../app.js';
import { readEnvironment } from '../../config/environment.js';
import { readSettings } from '../../config/read-settings.js';
import { newSecret } from '../../core/ids.js';
import { Opened } from '../../core/opened.js';
import type { Simulator } from '../../simulator/simulator.js';
import { Narrator } from './narrator.js';
import { Platform } from './platform.js';
import { play } from './play.js';

const preferredPorts = { service: 3000, simulator: 4010 };

/** @returns the exit code: 0 if the user passed */
export async function runDemo({ once: onlyOnce }: { once: boolean }): Promise<number> {
  const narrator = new Narrator();
  const opened = new Opened();
  try {
    const stage = await openStage(onlyOnce, narrator, opened);
    const passed = await play({ ...stage, narrator });
    narrator.plain();
    narrator.title(passed ? 'Done: failed once, passed with the second code.' : 'The user did not pass.');
    if (onlyOnce || !passed) return passed ? 0 : 1;
    farewell(narrator, stage);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    return 0;
  } finally {
    await opened.close();
  }
}

const secret = (): string => randomBytes(16).toString('hex');

interface OpenStage {
  service: Service;
  simulator: Simulator;
  platform: Platform;
  key: string;
}

async function openStage(onlyOnce: boolean, narrator: Narrator, opened: Opened): Promise<OpenStage> {
  narrator.title('Facecode demo: the service, a stand-in for iDenfy, and an embedded database, all in this process.');
  const { PORT, HOST = '127.0.0.1' } = readEnvironment();
  const dataDir = mkdtempSync(join(tmpdir(), 'facecode-demo-'));
  opened.add(async () => rmSync(dataDir, { recursive: true, force: true }));
  const { startSimulator } = await import('../../simulator/simulator.js');
  const provider = { apiKey: secret(), apiSecret: secret(), signingKey: secret() };
  const simulatorPort = onlyOnce ? 0 : await freePort(preferredPorts.simulator, '127.0.0.1');
  const simulator = await startSimulator({ ...provider, port: simulatorPort, webhookUrl: null });
  opened.add(() => simulator.close());

  const freeOne = onlyOnce ? 0 : await freePort(preferredPorts.service, HOST);
  const key = newSecret('fc');
  const settings = readSettings({
    PORT: PORT ?? String(freeOne),
    HOST,
    FACECODE_DATA_DIR: dataDir,
    FACECODE_ADMIN_KEY: key,
    IDENFY_BASE_URL: simulator.url,
    // The scripted user types faster than a person: without this, each pass would be flagged as too-fast.
    SIGNAL_TOO_FAST_SECONDS: '0',
    IDENFY_FACE_URL: `${simulator.url}/face`,
    IDENFY_API_KEY: provider.apiKey,
    IDENFY_API_SECRET: provider.apiSecret,
    IDENFY_WEBHOOK_KEYS: provider.signingKey,
    LOG_LEVEL: 'error',
    LOG_FORMAT: 'pretty',
  });
  const service = await startService(settings);
  opened.add(() => service.close());
  narrator.plain(whereItListens(service.url, PORT, freeOne));
  simulator.setWebhookUrl(`${service.url}/webhooks/idenfy`);
  return { service, simulator, platform: new Platform(service.url, key), key };
}

function whereItListens(url: string, port: string | undefined, freeOne: number): string {
  if (port !== undefined) return `The service listens on ${url}, because PORT=${port} is set.`;
  if (freeOne === preferredPorts.service) return `The service listens on ${url}; PORT chooses another port.`;
  return `The service listens on ${url}, a free port; PORT chooses another.`;
}

/** The preferred port, or 0 (any free port) if another program uses it. */
async function freePort(preferred: number, host: string): Promise<number> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(preferred, host, () => resolve(true));
  });
  if (!free) return 0;
  server.close();
  await once(server, 'close');
  return preferred;
}

function farewell(narrator: Narrator, { service, simulator, key }: OpenStage): void {
  narrator.plain(`
Still serving; Ctrl+C ends it and removes its data. Play it yourself:

  API documentation    ${service.url}/docs
  the iDenfy app       ${simulator.url}/app      (type a code, choose what the selfie shows)
  what to try          ${simulator.url}/         (scanRefs that make iDenfy misbehave)

  curl -s -X POST ${service.url}/v1/sessions -H 'Authorization: Bearer ${key}' \\
    -H 'Content-Type: application/json' -d '{"scanRef":"my-user"}'

  curl -s -X POST ${simulator.url}/app/selfie -H 'Content-Type: application/json' \\
    -d '{"digitString":"<the code>","outcome":"FAILED","failReason":"FACE_MISMATCH"}'

  curl -s '${service.url}/v1/events?after=0' -H 'Authorization: Bearer ${key}'`);
}
