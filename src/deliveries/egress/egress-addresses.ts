/**
 * Which addresses a webhook may be sent to: public unicast ones, and those the operator has named. Everything else
 * leads inside, to everybody, or to another address that is wrapped up in this one.
 */
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/** All public unicast of IPv6 lies here (RFC 4291, IANA's registry); the rest is reserved or special. */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

/** Public by number and yet not of the public: what a cloud answers its own machines at. */
const metadata = ['168.63.129.16'];

/** ISATAP (RFC 5214) has an IPv4 address in the last four bytes behind these: …:0:5efe:… or …:200:5efe:… */
const isatapMarks = [0x0000_5efe, 0x0200_5efe];

export class EgressAddresses {
  private readonly allowed: readonly Network[];

  /** @param allow CIDRs of one's own network (EGRESS_ALLOW) */
  constructor(allow: readonly string[]) {
    this.allowed = allow.map((cidr) => ipaddr.parseCIDR(cidr));
  }

  /** @param address as the system writes it; what is none is refused */
  permits(protocol: 'https:' | 'http:', address: string): boolean {
    const parsed = parse(address);
    if (parsed === null) return false;
    return this.isAllowed(parsed) || (protocol === 'https:' && isPublicUnicast(parsed));
  }

  private isAllowed(address: Address): boolean {
    return this.allowed.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network as never, bits),
    );
  }
}

/** An IPv4 address is the same in its IPv6 clothes (::ffff:0:0/96): the system connects to it either way. */
function parse(text: string): Address | null {
  // A zone (fe80::1%eth0) is for link-local addresses only.
  if (text.includes('%') || !ipaddr.isValid(text)) return null;
  const address = ipaddr.process(text);
  // ipaddr.js would take 127.1 or 0x7f.1; of the system's own spelling there is but one.
  return address.kind() === 'ipv4' && !/^(::ffff:.*|\d+\.\d+\.\d+\.\d+)$/i.test(text) ? null : address;
}

function isPublicUnicast(address: Address): boolean {
  if (address.range() !== 'unicast' || metadata.includes(address.toString())) return false;
  return (
    !(address instanceof ipaddr.IPv6) || (address.match(globalUnicast as [ipaddr.IPv6, number]) && !isIsatap(address))
  );
}

function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return isatapMarks.includes(parts[4]! * 0x1_0000 + parts[5]!);
}
