/** Whether two addresses are of one network. Pure. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The smallest blocks that are announced on the internet by themselves: what two of one network at least share. */
const networkBits = { ipv4: 24, ipv6: 48 } as const;

export type Comparison =
  | { kind: 'same' }
  /** `bits`: what they were compared by */
  | { kind: 'different'; bits: number }
  /** an address is missing or none, or one is IPv4 and the other IPv6: nothing can be said */
  | { kind: 'incomparable' };

export function compareNetworks(one: string | null, other: string | null): Comparison {
  const a = addressOf(one);
  const b = addressOf(other);
  if (!a || !b || a.kind() !== b.kind()) return { kind: 'incomparable' };
  const bits = networkBits[a.kind()];
  return a.match(b as ipaddr.IPv4 & ipaddr.IPv6, bits) ? { kind: 'same' } : { kind: 'different', bits };
}

/** One spelling for each address, `::ffff:a.b.c.d` (an IPv4 client of a socket that speaks both) being IPv4. */
export function plainAddress(text: string): string {
  return addressOf(text)?.toString() ?? text;
}

function addressOf(text: string | null): ipaddr.IPv4 | ipaddr.IPv6 | null {
  // A zone (`%eth0`) names an interface of the machine that wrote it down, and is no part of the address.
  const plain = (text ?? '').split('%')[0]!;
  // ipaddr.js would also take 127.1 and 0x7f.1, which iDenfy and platforms do not mean as addresses.
  return isIP(plain) === 0 ? null : ipaddr.process(plain);
}
