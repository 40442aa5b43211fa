import { isIPv6 } from 'node:net';

/** `::ffff:a.b.c.d`: an IPv4 client of a socket that speaks both. */
const mappedIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** What counts as one client: an IPv4 address, or the /64 that an IPv6 subscriber can take any address of (RFC 6177). */
export function addressBlock(address: string): string {
  const mapped = mappedIpv4.exec(address)?.[1];
  if (mapped) return mapped;
  const plain = address.split('%')[0] ?? '';
  if (!isIPv6(plain)) return address;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  // The first four groups matter; behind `::` an IPv4 tail takes the place of two groups.
  const behind = groups(tail ?? '').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
  const before = groups(head);
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - behind.length).fill('0');
  const first = [...before, ...zeros, ...behind].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${first.join(':')}::/64`;
}
