import { isIP } from 'node:net';

/** `::ffff:a.b.c.d` as the URL standard writes it, in two groups. */
const mappedIpv4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * The one way of writing an address that all ways of writing it share: dotted IPv4, also for an IPv4 address inside
 * IPv6; else IPv6 in lower case and shortened (RFC 5952), without a zone. What is no address at all: null.
 */
export function canonicalAddress(text: string): string | null {
  const plain = text.trim().split('%')[0] ?? '';
  const family = isIP(plain);
  if (family !== 6) return family === 4 ? plain : null;
  const shortened = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const mapped = mappedIpv4.exec(shortened);
  if (!mapped) return shortened;
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
