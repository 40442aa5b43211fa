import { expect, it } from '@jest/globals';
import { Clock } from '../../src/core/clock.js';
import { CredentialMemory } from '../../src/http/credential-memory.js';

class SetClock extends Clock {
  ms = Date.parse('2026-03-01T12:00:00.000Z');
  now(): Date {
    return new Date(this.ms);
  }
}

it('remembers for a second why a key was refused', () => {
  const clock = new SetClock();
  const memory = new CredentialMemory(clock);
  expect(memory.refusalOf('fc_wrong')).toBeNull();
  memory.refuse('fc_wrong', 'unknown-key');
  clock.ms += 999;
  expect(memory.refusalOf('fc_wrong')).toBe('unknown-key');
  expect(memory.refusalOf('fc_other')).toBeNull();
  clock.ms += 1;
  expect(memory.refusalOf('fc_wrong')).toBeNull();
});

it('forgets a refusal when the key is accepted, and an acceptance when it is refused', () => {
  const memory = new CredentialMemory(new SetClock());
  memory.refuse('fc_key', 'unknown-key');
  memory.accept('fc_key');
  expect([memory.refusalOf('fc_key'), memory.wasAccepted('fc_key')]).toEqual([null, true]);
  memory.refuse('fc_key', 'unknown-key');
  expect([memory.refusalOf('fc_key'), memory.wasAccepted('fc_key')]).toEqual(['unknown-key', false]);
});

it('forgets the keys that were unused for longest when a flood of others comes', () => {
  const memory = new CredentialMemory(new SetClock());
  for (const key of ['fc_busy', 'fc_idle']) memory.accept(key);
  memory.refuse('fc_wrong', 'unknown-key');
  for (let n = 0; n < 10_000; n += 1) {
    memory.refuse(`fc_wrong-${n}`, 'unknown-key');
    memory.accept(`fc_good-${n}`);
    memory.accept('fc_busy');
  }
  expect(memory.refusalOf('fc_wrong')).toBeNull();
  expect(memory.refusalOf('fc_wrong-9999')).toBe('unknown-key');
  expect([memory.wasAccepted('fc_busy'), memory.wasAccepted('fc_idle')]).toEqual([true, false]);
});
