/**
 * Where webhooks may go. The canary of the last part is a real listener on a forbidden address: it must stay lonely.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EgressAddresses } from '../../src/deliveries/egress/egress-addresses.js';
import { egressAgent } from '../../src/deliveries/egress/egress-agent.js';
import { EgressGuard } from '../../src/deliveries/egress/egress-guard.js';
import { postWebhook } from '../../src/deliveries/egress/webhook-post.js';

const forbidden: Record<string, string[]> = {
  'this host and its network': ['0.0.0.0', '0.1.2.3', '0.255.255.255'],
  'private use': ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255'],
  'shared space (carrier NAT)': ['100.64.0.1', '100.100.100.200', '100.127.255.255'],
  loopback: ['127.0.0.1', '127.0.0.2', '127.255.255.255', '::1'],
  'link-local and metadata': ['169.254.0.1', '169.254.169.254', '169.254.170.2', '168.63.129.16', 'fe80::1', 'febf::1'],
  'protocol assignments': ['192.0.0.1', '192.0.0.8', '192.0.0.170', '192.0.0.192', '192.88.99.1', '192.88.99.2'],
  documentation: ['192.0.2.1', '198.51.100.7', '203.0.113.9', '2001:db8::1', '3fff::1', '3fff:fff:ffff::1'],
  benchmarking: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  reserved: ['240.0.0.1', '250.1.2.3', '255.255.255.254', '255.255.255.255'],
  'anycast of special services': ['192.31.196.1', '192.52.193.1', '192.175.48.1', '2620:4f:8000::1'],
  'unique local': ['fc00::1', 'fd00::1', 'fd00:ec2::254', 'fdff:ffff::1'],
  'IPv6 that is none': ['::', '::2', '100::1', '5f00::1', '4000::1', '8000::1', 'e000::1', 'fec0::1', '1::1'],
  'IPv4 inside IPv6, mapped': ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe'],
  'IPv4 inside IPv6, compatible': ['::127.0.0.1', '::7f00:1', '::8.8.8.8'],
  'IPv4 inside IPv6, translated': ['::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8'],
  NAT64: ['64:ff9b::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '64:ff9b:1:fffe::10.0.0.1'],
  '6to4': ['2002:7f00:1::', '2002:a00:1::1', '2002:808:808::1'],
  Teredo: ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  'ORCHID and the like': ['2001:10::1', '2001:20::1', '2001:3::1', '2001:4:112::1'],
  ISATAP: ['2606:4700::5efe:10.0.0.1', '2606:4700::200:5efe:7f00:1', '2001:4860:1:2:0:5efe:8.8.8.8'],
  'what is no address': [
    '',
    'localhost',
    '127.1',
    '0x7f.1',
    '017700000001',
    '2130706433',
    '1.2.3',
    '8.8.8.8.8',
    'fe80::1%lo',
    '[::1]',
    '8.8.8.8 ',
  ],
};

const permitted = [
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '169.255.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '192.169.0.1',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.254',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2a00:1450:4001:81b::200e',
  '2003::1',
  '::ffff:8.8.8.8',
];

describe('an address', () => {
  const addresses = new EgressAddresses([]);

  it.each(Object.entries(forbidden))('of %s is refused', (_, list) => {
    expect(list.filter((address) => addresses.permits('https:', address))).toEqual([]);
  });

  it('that is public unicast is permitted, by https', () => {
    expect(permitted.filter((address) => !addresses.permits('https:', address))).toEqual([]);
    expect(permitted.filter((address) => addresses.permits('http:', address))).toEqual([]);
  });

  it('of one’s own network is permitted when it is named, by http as well, also in its IPv6 clothes', () => {
    const own = new EgressAddresses(['10.1.0.0/16', 'fd12::/16']);
    for (const protocol of ['http:', 'https:'] as const) {
      expect(own.permits(protocol, '10.1.2.3')).toBe(true);
      expect(own.permits(protocol, '::ffff:10.1.2.3')).toBe(true);
      expect(own.permits(protocol, 'fd12::7')).toBe(true);
      expect(own.permits(protocol, '10.2.0.1')).toBe(false);
      expect(own.permits(protocol, 'fd13::7')).toBe(false);
      expect(own.permits(protocol, '64:ff9b::10.1.2.3')).toBe(false);
    }
  });
});

/** Ways to write an IPv4 address that some parser somewhere takes. */
function spellings(address: string): string[] {
  const bytes = address.split('.').map(Number);
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const hex = (n: number) => `0x${n.toString(16)}`;
  const octal = (n: number) => `0${n.toString(8)}`;
  const [a, b, c, d] = bytes as [number, number, number, number];
  const fullWidth = address.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  const circled = address
    .replaceAll(/[1-9]/g, (digit) => String.fromCodePoint(0x2460 + Number(digit) - 1))
    .replaceAll('0', '⓪');
  const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  return [
    address,
    `${address}.`,
    `${number}`,
    hex(number),
    hex(number).toUpperCase().replace('X', 'x'),
    octal(number),
    bytes.map(hex).join('.'),
    bytes.map(octal).join('.'),
    bytes.map((byte) => `0${octal(byte)}`).join('.'),
    `${a}.${b * 65_536 + c * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    `${hex(a)}.${octal(b)}.${c}.${d}`,
    fullWidth,
    circled,
    address.replaceAll('.', '。'),
    address.replaceAll('.', '．'),
    address.replaceAll('.', '%2e'),
    address.replace(/\d/, (digit) => `%3${digit}`),
    `[::ffff:${address}]`,
    `[::ffff:${high}:${low}]`,
    `[0:0:0:0:0:FFFF:${high}:${low}]`,
    `[::${address}]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b:1::${address}]`,
    `[2002:${high}:${low}::]`,
    `[::ffff:0:${address}]`,
    `[2001:0:${high}:${low}::1]`,
  ];
}

describe('a URL', () => {
  const inside = [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '172.16.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '192.0.2.1',
    '224.0.0.1',
  ];
  const hosts = [
    ...inside.flatMap(spellings),
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fd00::1]',
    '[ff02::1]',
    '[fe80::1%25lo]',
    'localhost',
    'LOCALHOST.',
    'localhost.',
  ];
  const urls = hosts.flatMap((host) => [`https://${host}/`, `https://${host}:8443/hook?x=1`]);
  const guard = new EgressGuard([], (hostname) =>
    Promise.resolve(/^localhost\.?$/i.test(hostname) ? ['127.0.0.1'] : []),
  );

  it('of an address inside is refused in each of its spellings', async () => {
    expect(urls.length).toBeGreaterThanOrEqual(500);
    const admitted = await Promise.all(urls.map(async (url) => ((await guard.admit(url)) === null ? [] : [url])));
    expect(admitted.flat()).toEqual([]);
  });

  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'javascript:alert(1)',
    'https:///',
    'https://',
    'example.com',
    '//example.com',
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://:pass@example.com/',
    'https://example.com:25/',
    'https://example.com:22/',
    'https://example.com:6379/',
    'https://example.com:0/',
    'https://example.com:65536/',
    `https://example.com/${'x'.repeat(2048)}`,
    'https://exa mple.com/',
    'https://unknown.example/',
    'https://half-inside.example/',
    'https://1.2.3.4.5/',
    'https://./',
  ])('like %s is refused', async (url) => {
    const found: Record<string, string[]> = {
      'example.com': ['93.184.216.34'],
      'half-inside.example': ['93.184.216.34', '10.0.0.1'],
    };
    const someDns = new EgressGuard([], (hostname) => Promise.resolve(found[hostname] ?? []));
    expect(await someDns.admit(url)).toBeNull();
  });

  it('is kept in one spelling', async () => {
    const open = new EgressGuard(['10.0.0.0/8'], () => Promise.resolve(['93.184.216.34']));
    expect(await open.admit('HTTPS://EXAMPLE.com.:443/a/../b?c=d#e')).toBe('https://example.com/b?c=d');
    expect(await open.admit('https://bücher.example/')).toBe('https://xn--bcher-kva.example/');
    expect(await open.admit('http://0x0a000001:8080/x')).toBe('http://10.0.0.1:8080/x');
    expect(await open.admit('http://example.com/')).toBeNull();
  });

  it('is refused when its name cannot be looked up', async () => {
    const broken = new EgressGuard([], () => Promise.reject(new Error('SERVFAIL')));
    expect(await broken.admit('https://example.com/')).toBeNull();
  });
});

describe('a connection', () => {
  let canary: Server;
  let port: number;
  let connections = 0;
  beforeAll(async () => {
    canary = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    // On both families and every interface.
    canary.listen(0, '::');
    await once(canary, 'listening');
    ({ port } = canary.address() as AddressInfo);
  });
  afterAll(() => new Promise((resolve) => canary.close(resolve)));

  const post = async (guard: EgressGuard, url: string) => {
    const agent = egressAgent(guard);
    const posted = await postWebhook(
      agent,
      { url, headers: {}, body: '{}', startBefore: Infinity },
      new AbortController().signal,
    );
    await agent.destroy();
    return posted?.error;
  };

  it('is not made to a forbidden address, however it is written', async () => {
    const guard = new EgressGuard([], () => Promise.resolve(['127.0.0.1']));
    const hosts = [...spellings('127.0.0.1'), '[::1]', '[::]', '0.0.0.0', 'localhost', 'canary.example'];
    const usable = hosts.filter((host) => URL.canParse(`https://${host}:${port}/`));
    expect(usable.length).toBeGreaterThan(20);
    const errors = new Set<unknown>();
    for (const host of usable) {
      for (const scheme of ['http', 'https']) errors.add(await post(guard, `${scheme}://${host}:${port}/`));
    }
    expect([...errors]).toEqual(['destination-not-allowed']);
    expect(connections).toBe(0);
  });

  it('is not made when a name leads elsewhere after it was admitted', async () => {
    let asked = 0;
    const rebinding = new EgressGuard([], () => Promise.resolve([(asked += 1) === 1 ? '93.184.216.34' : '127.0.0.1']));
    expect(await rebinding.admit(`https://rebinding.example:${port}/`)).not.toBeNull();
    expect(await post(rebinding, `https://rebinding.example:${port}/`)).toBe('destination-not-allowed');
    expect(asked).toBe(2);
    expect(connections).toBe(0);
  });

  it('is not made when one of several addresses is forbidden, nor when there is none, and the two look alike', async () => {
    for (const found of [['93.184.216.34', '127.0.0.1'], []]) {
      const guard = new EgressGuard([], () => Promise.resolve(found));
      expect(await post(guard, `https://mixed.example:${port}/`)).toBe('destination-not-allowed');
    }
    expect(connections).toBe(0);
  });

  it('carries nothing after the end of the claim, and reports outcome-unknown if it is stopped after sending', async () => {
    let received = 0;
    let arrived: () => void = () => undefined;
    const hanging = createHttpServer(() => {
      received += 1;
      arrived();
    });
    hanging.listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`;
    const agent = egressAgent(new EgressGuard(['127.0.0.0/8'], () => Promise.resolve(['127.0.0.1'])));
    const stopping = new AbortController();
    const message = { url, headers: {}, body: '{}', startBefore: performance.now() };
    expect(await postWebhook(agent, message, stopping.signal)).toBeNull();
    expect(received).toBe(0);
    const there = new Promise<void>((resolve) => (arrived = resolve));
    const posted = postWebhook(agent, { ...message, startBefore: Infinity }, stopping.signal);
    await there;
    stopping.abort();
    expect(await posted).toMatchObject({ status: null, error: 'outcome-unknown' });
    await agent.destroy();
    hanging.closeAllConnections();
    await new Promise((resolve) => hanging.close(resolve));
  });

  it('is opened again if the endpoint has closed the idle one, and this is not a failed try', async () => {
    let kept: Socket | undefined;
    const server = createServer((socket) => {
      kept = socket;
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const agent = egressAgent(new EgressGuard(['127.0.0.0/8'], () => Promise.resolve(['127.0.0.1'])));
    const message = { url, headers: {}, body: '{}', startBefore: Infinity };
    const send = () => postWebhook(agent, message, new AbortController().signal);
    const outcomes = [await send()];
    for (let n = 0; n < 3; n += 1) {
      // Closed, and used again before the client can notice.
      const closedAndUsed = new Promise<ReturnType<typeof send>>((resolve) =>
        setTimeout(() => {
          kept?.resetAndDestroy();
          resolve(send());
        }),
      );
      outcomes.push(await closedAndUsed);
    }
    await agent.destroy();
    kept?.destroy();
    await new Promise((resolve) => server.close(resolve));
    expect(outcomes.map((posted) => [posted?.status, posted?.error])).toEqual(outcomes.map(() => [200, null]));
  });

  it('is made to what is named in EGRESS_ALLOW: the canary does count', async () => {
    const guard = new EgressGuard(['127.0.0.0/8'], () => Promise.resolve(['127.0.0.1']));
    expect(await post(guard, `http://canary.example:${port}/`)).toBe('connection-failed');
    expect(connections).toBe(1);
  });
});
