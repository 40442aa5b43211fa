import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { addressees, recovers } from '../../src/deliveries/egress/addressing.js';
import { deliveryBody } from '../../src/deliveries/delivery-body.js';
import {
  afterFailure,
  type EndpointFailure,
  type EndpointHealth,
  enabledAgain,
  healthy,
  nextRound,
} from '../../src/deliveries/endpoint-health.js';
import { liveSecrets, rotated } from '../../src/deliveries/endpoint-secrets.js';
import { isEventPattern, wants } from '../../src/deliveries/event-filter.js';
import type { JournalEntry, Subscriber } from '../../src/deliveries/fan-out.store.js';
import { delaysSeconds, nextDelaySeconds, retryAfterSeconds } from '../../src/deliveries/schedule.js';
import { newEndpointSecret, signatures } from '../../src/deliveries/signing.js';

const start = new Date('2026-01-01T00:00:00.000Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const day = 86_400;

describe('the schedule', () => {
  it('is eleven tries: at once, after 5 s, 30 s, 2 min, 15 min, 1 h, 3 h, 6 h, 12 h, 24 h and 30 h', () => {
    expect(delaysSeconds).toEqual([0, 5, 30, 120, 900, 3600, 10_800, 21_600, 43_200, 86_400, 108_000]);
  });

  it('strays by a tenth to either side, and ends after the last', () => {
    expect([0, 0.5, 1].map((random) => nextDelaySeconds(1, random))).toEqual([4.5, 5, 5.5]);
    expect(nextDelaySeconds(10, 0.5)).toBe(108_000);
    expect(nextDelaySeconds(11, 0.5)).toBeNull();
  });

  it.each([
    ['120', 120],
    [' 7 ', 7],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    ['999999999', day],
    ['Fri, 01 Jan 2126 00:00:00 GMT', day],
    ['0', null],
    ['-5', null],
    ['1e3', null],
    ['soon', null],
    ['2026-01-02', null],
    ['Thu, 01 Jan 2020 00:00:00 GMT', null],
    ['', null],
    [null, null],
  ])('reads Retry-After %j as %j seconds, a day at most', (header, seconds) => {
    expect(retryAfterSeconds(header, start)).toBe(seconds);
  });
});

describe('the signature', () => {
  it('is accepted by the standardwebhooks library with any of the live secrets, and with no other', () => {
    const secrets = [newEndpointSecret(), newEndpointSecret()];
    const timestampSeconds = Math.floor(Date.now() / 1000);
    const body = JSON.stringify({ text: 'ünïcödé \u{1f600}' });
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': `${timestampSeconds}`,
      'webhook-signature': signatures(secrets, { id: 'evt_1', timestampSeconds, body }),
    };
    for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(newEndpointSecret()).verify(body, headers)).toThrow('No matching signature found');
    expect(() => new Webhook(secrets[0]!).verify(`${body} `, headers)).toThrow('No matching signature found');
  });

  it('is made with 32 random bytes behind whsec_', () => {
    const secret = newEndpointSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newEndpointSecret()).not.toBe(secret);
  });
});

describe('the secrets of an endpoint', () => {
  const first = [{ secret: 'a', until: null }];

  it('overlap when they are rotated, and no longer', () => {
    const two = rotated(first, 'b', 60, start);
    expect(liveSecrets(two, after(59)).map(({ secret }) => secret)).toEqual(['b', 'a']);
    expect(liveSecrets(two, after(60)).map(({ secret }) => secret)).toEqual(['b']);
  });

  it('leave no old one behind when the overlap is zero', () => {
    const three = rotated(rotated(first, 'b', day, start), 'c', 0, after(1));
    expect(three).toEqual([{ secret: 'c', until: null }]);
  });

  it('never live longer than they were to', () => {
    const three = rotated(rotated(first, 'b', 60, start), 'c', day, after(1));
    expect(three.map(({ secret, until }) => [secret, until])).toEqual([
      ['c', null],
      ['b', after(1 + day).toISOString()],
      ['a', after(60).toISOString()],
    ]);
  });

  it('are five at most', () => {
    let secrets = first;
    for (const secret of 'bcdefgh') secrets = rotated(secrets, secret, day, start) as typeof first;
    expect(secrets.map(({ secret }) => secret)).toEqual(['h', 'g', 'f', 'e', 'd']);
  });
});

describe('the filter', () => {
  it.each([
    [['attempt.*'], 'attempt.passed', true],
    [['attempt.*'], 'session.passed', false],
    [['*'], 'session.passed', true],
    [['session.passed', 'risk.*'], 'risk.flagged', true],
    [['session.passed'], 'session.passed', true],
    [['session.passed'], 'session.failed', false],
    [null, 'whatever.comes', true],
  ])('%j, asked about %s, says %s', (patterns, type, wanted) => {
    expect(wants(patterns, type)).toBe(wanted);
  });

  it.each(['attempt.passed', 'attempt.*', '*', 'endpoint.*', 'subject.erased'])('can be %s', (pattern) => {
    expect(isEventPattern(pattern)).toBe(true);
  });

  it.each([
    'attempt',
    'attempt.',
    'attempt.exploded',
    'nobody.*',
    '.*',
    '*.passed',
    'att*',
    '**',
    '',
    ' *',
    7,
    null,
    ['*'],
  ])('cannot be %j, which names nothing', (pattern) => {
    expect(isEventPattern(pattern)).toBe(false);
  });
});

describe('the body', () => {
  const event = {
    id: 'evt_1',
    type: 'session.created',
    position: 12,
    data: { a: 1 },
    personal: { salt: 's', reference: 'r' },
    personalDigest: 'd',
  };

  it('is the event as it is while it fits', () => {
    expect(JSON.parse(deliveryBody(event))).toEqual(event);
  });

  it('loses the personal part first, and its digest never', () => {
    const large = { ...event, personal: { salt: 's', metadata: 'x'.repeat(20_000) } };
    expect(JSON.parse(deliveryBody(large))).toEqual({ ...event, personal: null });
  });

  it('names where to read the data when that is too large as well', () => {
    const large = { ...event, data: { text: 'ä'.repeat(10_000) } };
    const body = deliveryBody(large);
    expect(JSON.parse(body)).toEqual({
      ...event,
      personal: null,
      data: { truncated: true, readAt: '/v1/events?after=11&limit=1' },
    });
    expect(Buffer.byteLength(body)).toBeLessThan(20_000);
  });
});

describe('whom an event goes to', () => {
  const entry = (type: string, rest: Partial<JournalEntry> = {}): JournalEntry => ({
    id: 'evt_1',
    type,
    platform: 'main',
    position: 10,
    sessionId: 'ses_1',
    seq: 1,
    at: start,
    data: {},
    ...rest,
  });
  const subscriber = (id: string, rest: Partial<Subscriber> = {}): Subscriber => ({
    id,
    platform: '*',
    eventTypes: null,
    fromPosition: 0,
    disabled: false,
    heldUntil: null,
    ...rest,
  });

  it('is who wants it, is enabled and was there before it', () => {
    const all = [
      subscriber('wants'),
      subscriber('filters', { eventTypes: ['session.*'] }),
      subscriber('disabled', { disabled: true }),
      subscriber('later', { fromPosition: 10 }),
    ];
    expect(addressees(entry('attempt.passed'), all)).toEqual(['wants']);
    expect(addressees(entry('session.passed'), all)).toEqual(['wants', 'filters']);
  });

  it('is, of an erasure, also who has received the data, whatever they want to hear', () => {
    const erased = entry('subject.erased', { data: { endpoints: ['filters', 'disabled'] } });
    const filters = { eventTypes: ['session.*'] };
    const all = [
      subscriber('filters', filters),
      subscriber('disabled', { disabled: true }),
      subscriber('other', filters),
    ];
    expect(addressees(erased, all)).toEqual(['filters', 'disabled']);
  });

  it('is, of one platform’s endpoints, only those of the event’s platform, also when the journal is read again', () => {
    const all = ['alpha', 'beta', '*'].map((platform) => subscriber(platform, { platform }));
    expect(addressees(entry('session.passed', { platform: 'alpha' }), all)).toEqual(['alpha', '*']);
    expect(addressees(entry('webhook.quarantined', { platform: null }), all)).toEqual(['*']);
    const again = all.map((one) => ({ ...one, after: 0, until: 20, since: null }));
    const recovering = again.filter((one) => recovers(one, entry('session.passed', { platform: 'beta' })));
    expect(recovering.map(({ id }) => id)).toEqual(['beta', '*']);
  });

  it('is never the endpoint that it is about', () => {
    const disabled = entry('endpoint.disabled', { data: { endpointId: 'a' } });
    expect(addressees(disabled, [subscriber('a'), subscriber('b')])).toEqual(['b']);
  });

  it('is, when the journal is read again, who wants it, from then on', () => {
    const endpoint = {
      ...subscriber('a', { eventTypes: ['session.*'], fromPosition: 50 }),
      after: 0,
      until: 20,
      since: start,
    };
    expect(recovers(endpoint, entry('session.passed'))).toBe(true);
    expect(recovers(endpoint, entry('session.passed', { at: after(-1) }))).toBe(false);
    expect(recovers({ ...endpoint, since: null }, entry('session.passed', { at: after(-1) }))).toBe(true);
    expect(recovers(endpoint, entry('session.passed', { position: 21 }))).toBe(false);
    expect(recovers(endpoint, entry('attempt.passed'))).toBe(false);
  });
});

describe('the health of an endpoint', () => {
  const noAnswer: EndpointFailure = { status: null, retryAfterSeconds: null, probe: false };
  const fail = (health: EndpointHealth, failure: Partial<EndpointFailure> = {}, at = start) =>
    afterFailure(health, { ...noAnswer, ...failure }, at);
  const failTimes = (times: number, failure: Partial<EndpointFailure> = {}): EndpointHealth => {
    let health = healthy;
    for (let n = 0; n < times; n += 1) health = fail(health, failure).health;
    return health;
  };

  it('is bad after five failures in a row without an answer or with a server error, and then it is held back', () => {
    expect(failTimes(4).heldUntil).toBeNull();
    expect(failTimes(5)).toMatchObject({ heldUntil: after(1), holds: 1, failingSince: start });
    expect(failTimes(5, { status: 500 })).toMatchObject({ heldUntil: after(1) });
    expect(failTimes(50, { status: 404 })).toMatchObject({ heldUntil: null, pace: null, failingSince: start });
  });

  it('lets one delivery through after that, and waits twice as long when it fails, a minute at most', () => {
    let health = failTimes(5);
    const waits: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const round = nextRound(health, start);
      expect(round).toMatchObject({ deliveries: 1, probe: true });
      // Until its outcome is known nobody sends a second one.
      expect(round.health.heldUntil).toEqual(after(20));
      health = fail(round.health, { probe: true }).health;
      waits.push((health.heldUntil!.getTime() - start.getTime()) / 1000);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('is not held back for longer by those that were under way', () => {
    const held = failTimes(5);
    expect(fail(held).health).toMatchObject({ holds: 1, heldUntil: after(1) });
  });

  it('is back when the probe is answered, if only by a refusal', () => {
    const { health } = fail(nextRound(failTimes(5), start).health, { probe: true, status: 400 });
    expect(health).toMatchObject({ failures: 0, holds: 0, heldUntil: null });
  });

  it('goes on as before after an outage of seconds, and slowly after a longer one', () => {
    let health = failTimes(5);
    const paces: (number | null)[] = [];
    for (let n = 0; n < 5; n += 1) {
      const answered = { ...health, failures: 0, holds: 0, heldUntil: null };
      paces.push(nextRound(answered, start).health.pace);
      health = fail(nextRound(health, start).health, { probe: true }).health;
    }
    // null: unhindered at once; 2: what comes after the first second of one.
    expect(paces).toEqual([null, null, null, 2, 2]);
  });

  it('gets its backlog slowly: one delivery a second, then two, four, and at 64 as it comes', () => {
    let health = enabledAgain;
    const rounds: number[] = [];
    while (health.pace !== null) {
      const round = nextRound(health, start);
      expect(round.probe).toBe(false);
      if (round.health.pace !== null) expect(round.health.heldUntil).toEqual(after(1));
      rounds.push(round.deliveries);
      health = round.health;
    }
    expect(rounds).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(health.heldUntil).toBeNull();
  });

  it.each([429, 502, 504])('is held back at once by %i', (status) => {
    expect(fail(healthy, { status }).health).toMatchObject({ heldUntil: after(5), pace: 1 });
  });

  it('is held back for as long as it asks', () => {
    expect(fail(healthy, { status: 429, retryAfterSeconds: 90 }).health.heldUntil).toEqual(after(90));
    expect(fail(healthy, { status: 503, retryAfterSeconds: 90 }).health.heldUntil).toEqual(after(90));
    expect(fail(healthy, { status: 503 }).health.heldUntil).toBeNull();
    const held = fail(healthy, { status: 429, retryAfterSeconds: 90 }).health;
    expect(fail(held, { status: 429, retryAfterSeconds: 10 }).health.heldUntil).toEqual(after(90));
    expect(fail(held, { status: 429, retryAfterSeconds: 100 }).health.heldUntil).toEqual(after(100));
  });

  it('has consequences: a notice after half of five days, once, and the end after five', () => {
    const failing = fail(healthy).health;
    expect(fail(failing, {}, after(2.4 * day)).consequence).toBe('none');
    const noticed = fail(failing, {}, after(2.5 * day));
    expect(noticed).toMatchObject({ consequence: 'notice', health: { noticedAt: after(2.5 * day) } });
    expect(fail(noticed.health, {}, after(4.9 * day)).consequence).toBe('none');
    expect(fail(noticed.health, { status: 404 }, after(5 * day)).consequence).toBe('disable-failing');
  });

  it('ends at once with 410', () => {
    expect(fail(healthy, { status: 410 }).consequence).toBe('disable-gone');
  });
});
