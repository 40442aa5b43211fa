import { cidr, integer, listOf } from './parse-text.js';
import type { Settings } from './settings.js';
import type { Parser, VariableReader } from './variable-reader.js';

/** A million a minute is more than a process can answer: who wants no limit says 0. */
const highestPerMinute = 1_000_000;
const mostProxies = 10;

/** `off`, how many proxies stand before the service, or the CIDRs they are in. */
const trustedProxies: Parser<Settings['http']['trustProxy']> = (text) => {
  if (text === 'off') return { value: false };
  const parsed = /^\d+$/.test(text) ? integer(1, mostProxies)(text) : listOf(cidr)(text);
  if ('value' in parsed) return parsed;
  return { fault: `${parsed.fault}; or a number of proxies from 1 to ${mostProxies}, or off` };
};

export function readRequestLimits(
  read: VariableReader,
): Pick<Settings['http'], 'trustProxy' | 'requestsPerKeyPerMinute' | 'failuresPerAddressPerMinute'> {
  const perMinute = integer(0, highestPerMinute);
  return {
    trustProxy: read.optional('TRUST_PROXY', trustedProxies, false),
    requestsPerKeyPerMinute: read.optional('RATE_LIMIT_PER_KEY_PER_MINUTE', perMinute, 60_000),
    failuresPerAddressPerMinute: read.optional('RATE_LIMIT_PER_ADDRESS_PER_MINUTE', perMinute, 600),
  };
}
