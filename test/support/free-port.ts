import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports from which systems open connections (from 32768 on Linux, 49152 elsewhere): none of those can take
 * the port of a server while it restarts. And low enough for Redis Cluster's bus, which listens 10000 above.
 */
const lowest = 20_000;
const count = 10_000;
const clusterBusOffset = 10_000;

/** A port of 127.0.0.1 that nothing listens on; it is not reserved. */
export async function freePort(): Promise<number> {
  return findPort(isFree);
}

/** As `freePort`, with the port of the cluster bus free as well. */
export async function freeClusterPort(): Promise<number> {
  return findPort(async (port) => (await isFree(port)) && (await isFree(port + clusterBusOffset)));
}

async function findPort(usable: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = lowest + Math.floor(Math.random() * count);
    if (await usable(port)) return port;
  }
  throw new Error('no free port found in 100 tries');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
