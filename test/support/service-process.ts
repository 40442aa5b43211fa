/** The built service in a process of its own, which tests stop and kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { prepareEmbedded } from './embedded-template.js';
import { ensureBuilt, repository } from './ensure-built.js';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary-folder.js';
import { testAdminKey, testEnvironment } from './test-environment.js';
import { waitFor } from './wait-for.js';

export { ensureBuilt };

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  readonly adminKey: string;
  /** lines of standard output and standard error, as they came */
  readonly output: readonly string[];
  readonly exited: Promise<Exit>;
  /** SIGTERM; resolves when the process has ended */
  stop(): Promise<Exit>;
  /** SIGKILL; resolves when the process has ended */
  kill(): Promise<Exit>;
}

/**
 * Resolves when /healthz answers. The data folder goes when the process ends, unless FACECODE_DATA_DIR was given.
 *
 * @param overrides variables over those of `testEnvironment`; nothing else of our environment but PATH is passed on
 * @throws Error with the output when the process ends first or does not answer in time
 */
export async function startServiceProcess(overrides: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
  await ensureBuilt();
  const folder = temporaryFolder('process');
  const host = overrides.HOST ?? '127.0.0.1';
  const port = overrides.PORT ?? `${await freePort()}`;
  const variables = testEnvironment(join(folder, 'data'), { LOG_LEVEL: 'info', ...overrides, PORT: port });
  if (!variables.DATABASE_URL) await prepareEmbedded(variables.FACECODE_DATA_DIR!);
  // In a folder without a .env file: the developer's own must not leak into a test.
  const child = spawn(process.execPath, [join(repository, 'dist', 'main.js')], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', (line) => output.push(line));
  const exited = exitOf(child).finally(() => rmSync(folder, { recursive: true, force: true }));
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };

  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
  const isUp = async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the service ended instead of listening');
    return isHealthy(url);
  };
  try {
    await waitFor(isUp, { what: 'the service to listen' });
  } catch (error) {
    await end('SIGKILL');
    throw new Error([(error as Error).message, ...output].join('\n'), { cause: error });
  }
  const adminKey = overrides.FACECODE_ADMIN_KEY ?? testAdminKey;
  return { url, pid: child.pid!, adminKey, output, exited, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  // "close", not "exit": after it all output has been read.
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
