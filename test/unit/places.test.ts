import { expect, it } from '@jest/globals';
import { Places } from '../../src/core/places.js';

it('gives each holder so many places, and a place that was left to whoever comes next', () => {
  const places = new Places(2);
  const leave = places.take('a')!;
  expect(places.take('a')).not.toBeNull();
  expect([places.hasRoom('a'), places.take('a')]).toEqual([false, null]);
  expect(places.hasRoom('b')).toBe(true);
  leave();
  // Leaving twice gives back one place.
  leave();
  expect(places.take('a')).not.toBeNull();
  expect(places.hasRoom('a')).toBe(false);
});
