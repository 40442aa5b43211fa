import { isIP } from 'node:net';
import { EgressAddresses } from './egress-addresses.js';
import { type DestinationUrl, destinationUrl } from './egress-url.js';
import type { ResolveHost } from './host-resolver.js';

/** How long the check of a new URL may take. */
const resolveTimeoutMs = 5000;

/**
 * Says where webhooks may go: when an endpoint is made, and again inside each connection, because a name can lead
 * elsewhere a moment later. Whatever is refused is refused in the same words.
 */
export class EgressGuard {
  private readonly addresses: EgressAddresses;

  /** @param allow CIDRs (EGRESS_ALLOW) */
  constructor(
    allow: readonly string[],
    private readonly resolveHost: ResolveHost,
  ) {
    this.addresses = new EgressAddresses(allow);
  }

  /** @returns the URL in the one spelling it is kept in; null when nothing may be sent there */
  async admit(text: string): Promise<string | null> {
    const url = destinationUrl(text);
    if (url === null) return null;
    const permitted = await inTime(this.permittedAddresses(url.protocol, url.hostname));
    return permitted === null ? null : url.href;
  }

  /** @returns all addresses of the host; null when there is none, or one of them is forbidden */
  async permittedAddresses(protocol: DestinationUrl['protocol'], hostname: string): Promise<string[] | null> {
    const found = isIP(hostname) === 0 ? await this.resolveHost(hostname).catch(() => []) : [hostname];
    return found.length > 0 && found.every((address) => this.permits(protocol, address)) ? found : null;
  }

  permits(protocol: DestinationUrl['protocol'], address: string): boolean {
    return this.addresses.permits(protocol, address);
  }
}

function inTime<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), resolveTimeoutMs)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
