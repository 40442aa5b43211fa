/** An evidence file from before there were platforms was called forged: its session names no platform. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { verifyEvidence } from '../../src/audit/verify-evidence.js';
import { parseTrustedKey, pemOf } from '../../src/journal/export/trusted-key.js';
import type { JsonObject } from '../../src/journal/export/verify-event.js';
import { checkEvidence } from '../support/independent-verifier.js';

// As an earlier version of the service made it.
const text = readFileSync(new URL('older-evidence.json', import.meta.url), 'utf8');
const evidence = JSON.parse(text) as JsonObject & { session: JsonObject; publicKey: string };
const key = parseTrustedKey(evidence.publicKey)!;

it('evidence from before there were platforms still verifies', () => {
  expect(verifyEvidence(evidence, key)).toMatchObject({ ok: true, session: { status: 'passed' }, events: 6 });
  expect(() => checkEvidence(text, pemOf(key.key))).not.toThrow();
});

it('evidence from before there were platforms does not verify as that of another platform', () => {
  const forged = { ...evidence, session: { ...evidence.session, platform: 'other' } };
  expect(verifyEvidence(forged, key)).toMatchObject({
    ok: false,
    reason: 'session.platform is "other", but the events say "main"',
  });
});
