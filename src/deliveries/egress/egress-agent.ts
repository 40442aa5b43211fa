/** Connections that can only be made where the guard permits. */
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { Agent, buildConnector } from 'undici';
import type { EgressGuard } from './egress-guard.js';
import type { DestinationUrl } from './egress-url.js';

/** The name does not resolve, or to a place that may not be reached: which of the two is nobody's business. */
class DestinationNotAllowed extends Error {
  readonly code = 'DESTINATION_NOT_ALLOWED';

  constructor() {
    super('the destination may not be reached');
    this.name = 'DestinationNotAllowed';
  }
}

const connectTimeoutMs = 10_000;

/**
 * No limit of connections to one origin: endpoints that share a host must not wait for each other. How many there can
 * be is bounded by what is sent at once.
 */
export function egressAgent(guard: EgressGuard): Agent {
  const https = guardedConnector(guard, 'https:');
  const http = guardedConnector(guard, 'http:');
  return new Agent({
    connect: (options, callback) => (options.protocol === 'https:' ? https : http)(options, callback),
    maxHeaderSize: 16_384,
  });
}

function guardedConnector(guard: EgressGuard, protocol: DestinationUrl['protocol']): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup(guard, protocol) });
  return (options, callback) => {
    // An address is not looked up.
    const literal = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !guard.permits(protocol, literal)) {
      callback(new DestinationNotAllowed(), null);
      return;
    }
    connect(options, (error, socket) => {
      if (socket && !guard.permits(protocol, socket.remoteAddress ?? '')) {
        socket.destroy();
        callback(new DestinationNotAllowed(), null);
      } else if (socket) callback(null, socket);
      else callback(error ?? new Error('no connection'), null);
    });
  };
}

/** What is checked here is what is connected to: nothing resolves the name a second time. */
function guardedLookup(guard: EgressGuard, protocol: DestinationUrl['protocol']): LookupFunction {
  const find = callbackify(async (hostname: string) => {
    const addresses = await guard.permittedAddresses(protocol, hostname);
    if (!addresses) throw new DestinationNotAllowed();
    return addresses.map((address) => ({ address, family: isIP(address) }));
  });
  return (hostname, options, callback) =>
    find(hostname, (error, found) => {
      const [first] = found ?? [];
      if (error || !first) callback(error ?? new DestinationNotAllowed(), '', 0);
      else if (options.all) callback(null, found);
      else callback(null, first.address, first.family);
    });
}
