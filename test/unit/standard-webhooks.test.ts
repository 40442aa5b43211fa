import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { readWebhookSecret, signStandardWebhook } from '../../src/core/standard-webhooks.js';

/** From the specification's own libraries. */
const vector = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1614265330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

describe('the signature of Standard Webhooks', () => {
  it('is that of the known vector', () => {
    expect(signStandardWebhook(readWebhookSecret(vector.secret)!, vector)).toBe(vector.signature);
  });

  it('is what the reference library makes and takes, for any body', () => {
    const keys = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    const property = fc.property(keys, fc.string({ unit: 'grapheme' }), (key, text) => {
      const secret = `whsec_${key.toString('base64')}`;
      const body = JSON.stringify({ text });
      const timestampSeconds = Math.floor(Date.now() / 1000);
      const signature = signStandardWebhook(readWebhookSecret(secret)!, { id: 'evt_1', timestampSeconds, body });
      const reference = new Webhook(secret);
      expect(signature).toBe(reference.sign('evt_1', new Date(timestampSeconds * 1000), body));
      const headers = {
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': signature,
      };
      expect(reference.verify(body, headers)).toEqual({ text });
      expect(signStandardWebhook(key, { id: 'evt_1', timestampSeconds, body: Buffer.from(body) })).toBe(signature);
    });
    fc.assert(property);
  });
});

describe('a secret', () => {
  it.each([
    ['empty', ''],
    ['without its prefix', vector.secret.slice(6)],
    ['with another prefix', vector.secret.replace('whsec', 'whpk')],
    ['too short', 'whsec_c2hvcnQ='],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['that is no base64', `${vector.secret}*`],
    ['with a line end', `${vector.secret}\n`],
  ])('is none when it is %s', (_, text) => {
    expect(readWebhookSecret(text)).toBeNull();
  });
});
