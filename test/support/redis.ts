/** Redis servers for tests, one alone or three as a cluster. */
import { Redis } from 'ioredis';
import { freeClusterPort, freePort } from './free-port.js';
import { redisPrograms } from './programs.js';
import { ServerProcess } from './server-process.js';
import { temporaryFolder } from './temporary-folder.js';
import { waitFor } from './wait-for.js';

const slots = 16_384;
const masters = 3;

/** An own server with an empty data folder. It keeps an append-only file, so a restart finds what was written. */
export async function startRedis(): Promise<ServerProcess> {
  return launch(await freePort(), []);
}

/** An own server that was started with these arguments, which set this password. */
export async function startRedisWithPassword(args: readonly string[], password: string): Promise<ServerProcess> {
  return launch(await freePort(), args, password);
}

export interface RedisCluster {
  readonly urls: readonly string[];
  readonly nodes: readonly ServerProcess[];
  remove(): Promise<void>;
}

/** Three masters without replicas, every slot served. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes: ServerProcess[] = [];
  const remove = async () => void (await Promise.all(nodes.map((node) => node.remove())));
  try {
    for (let index = 0; index < masters; index += 1) {
      nodes.push(await launch(await freeClusterPort(), ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']));
    }
    await join(nodes.map(({ url }) => url));
  } catch (error) {
    await remove();
    throw error;
  }
  return { urls: nodes.map(({ url }) => url), nodes, remove };
}

async function launch(port: number, more: readonly string[], password = ''): Promise<ServerProcess> {
  const programs = redisPrograms();
  if (!programs) throw new Error('redis-server is not installed');
  const folder = temporaryFolder('redis');
  const url = `redis://${password && `:${password}@`}127.0.0.1:${port}`;
  const durable = ['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction'];
  return ServerProcess.start({
    name: 'Redis',
    url,
    program: programs.server,
    args: ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...durable, ...more],
    folder,
    stopSignal: 'SIGTERM',
    answers: () => answers(url),
  });
}

async function join(urls: readonly string[]): Promise<void> {
  const clients = urls.map((url) => new Redis(url));
  try {
    for (const [index, client] of clients.entries()) {
      const first = Math.ceil((index * slots) / masters);
      const end = Math.ceil(((index + 1) * slots) / masters);
      const own = Array.from({ length: end - first }, (_, offset) => first + offset);
      // Distinct from the start, so that the nodes have nothing to settle among themselves.
      await client.cluster('SET-CONFIG-EPOCH', index + 1);
      await client.cluster('ADDSLOTS', ...own);
      await clients[0]!.cluster('MEET', '127.0.0.1', Number(new URL(urls[index]!).port));
    }
    const settled = async () => {
      const states = await Promise.all(clients.map((client) => client.cluster('INFO')));
      return states.every((text) => /cluster_state:ok/.test(text) && /cluster_size:3\b/.test(text));
    };
    await waitFor(settled, { what: 'the Redis nodes to form a cluster' });
  } finally {
    clients.forEach((client) => client.disconnect());
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const pong = await client.ping();
    // A connection that is closed from the other side leaves no timer behind that would hold the process.
    await client.quit();
    return pong === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
