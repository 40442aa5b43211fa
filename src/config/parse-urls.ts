/** Parsers of addresses. An address may hold a password, so no fault quotes one. */
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { Parser } from './variable-reader.js';

export const postgresUrl: Parser<string> = (text) =>
  ['postgres:', 'postgresql:'].includes(parse(text)?.protocol ?? '')
    ? { value: text }
    : { fault: 'is not usable, expected postgres://user:password@host:port/database' };

export const redisUrl: Parser<string> = (text) => {
  const url = parse(text);
  return url && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== ''
    ? { value: text }
    : { fault: 'is not usable, expected redis://host:port or rediss://host:port, several by commas' };
};

/**
 * An address of the provider. Plain http would show the API secret to the network, so it is for this machine and for
 * names without a dot (`simulator` in a Compose file), which only a private network resolves.
 */
const providerUrl: Parser<URL> = (text) => {
  const url = parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return { fault: 'is not usable, expected an https:// address' };
  if (url.username !== '' || url.password !== '') return { fault: 'holds a user or a password, expected neither' };
  if (url.protocol === 'http:' && !isPrivateName(url.hostname)) {
    return { fault: 'is plain http, expected https (http only for loopback and for host names without a dot)' };
  }
  return { value: url };
};

/** To which paths are appended: no query, no fragment, and no slash at its end. */
export const providerBaseUrl: Parser<string> = (text) => {
  const parsed = providerUrl(text);
  if ('fault' in parsed) return parsed;
  const { origin, pathname, search, hash } = parsed.value;
  if (search !== '' || hash !== '') return { fault: 'has a query or a fragment, expected neither' };
  return { value: `${origin}${pathname.replace(/\/+$/, '')}` };
};

export const providerPage: Parser<string> = (text) => {
  const parsed = providerUrl(text);
  return 'fault' in parsed ? parsed : { value: parsed.value.href };
};

/** Where a page comes from, as browsers say it: `https://shop.example`. */
export const pageOrigin: Parser<string> = (text) => {
  if (text === '*') return { fault: 'is *, expected origins by name: any page could use a token it has got hold of' };
  const url = parse(text);
  return url && ['http:', 'https:'].includes(url.protocol) && url.origin === text
    ? { value: text }
    : { fault: 'is not usable, expected origins such as https://shop.example, without a path, by commas' };
};

/** A folder, or an address that checkpoints are posted to: https, and plain http to this machine only. */
export const mirrorTarget: Parser<{ folder: string } | { url: string }> = (text) => {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return { value: { folder: resolve(text) } };
  const url = parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    return { fault: 'is not usable, expected a folder or an https:// address' };
  }
  if (url.username !== '' || url.password !== '') return { fault: 'holds a user or a password, expected neither' };
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return { fault: 'is plain http, expected https (http only for loopback)' };
  }
  return { value: { url: url.href } };
};

/**
 * Whether a URL leads to this machine or to a private network: by an IP address (loopback, RFC 1918, RFC 4193), as
 * `localhost` or a name below it, or by a name without a dot. A name with a dot does not count, whatever it resolves to
 * now: its owner can change that.
 */
export function isOfPrivateNetwork(url: string): boolean {
  const { hostname } = new URL(url);
  const address = hostname.replaceAll(/[[\]]/g, '');
  if (!ipaddr.isValid(address)) return isPrivateName(hostname);
  return ['loopback', 'private', 'uniqueLocal'].includes(ipaddr.process(address).range());
}

function isPrivateName(host: string): boolean {
  return isLoopback(host) || /^[\w-]+$/.test(host);
}

function isLoopback(host: string): boolean {
  return host === '[::1]' || /^127(\.\d+){3}$/.test(host) || host === 'localhost' || host.endsWith('.localhost');
}

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
