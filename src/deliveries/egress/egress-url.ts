import { mayCarryWebhooks } from './egress-ports.js';

const lengthMax = 2048;
const defaultPorts = { 'https:': 443, 'http:': 80 } as const;

/** A URL whose form is fit for deliveries; where it leads is another question. */
export interface DestinationUrl {
  href: string;
  protocol: keyof typeof defaultPorts;
  /** a name, or an address without brackets */
  hostname: string;
}

/**
 * Reads a URL as browsers do (WHATWG), which knows every spelling of an address: decimal, octal, hexadecimal, full
 * width, with a dot at the end. @returns null when it is unfit
 */
export function destinationUrl(text: string): DestinationUrl | null {
  if (text.length > lengthMax || !URL.canParse(text)) return null;
  const url = new URL(text);
  const { protocol } = url;
  if (protocol !== 'https:' && protocol !== 'http:') return null;
  if (url.username !== '' || url.password !== '') return null;
  if (!mayCarryWebhooks(Number(url.port || defaultPorts[protocol]))) return null;
  url.hash = '';
  // "example.com." is the same host, but no certificate says so.
  url.hostname = url.hostname.replace(/\.$/, '');
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  return hostname === '' ? null : { href: url.href, protocol, hostname };
}
