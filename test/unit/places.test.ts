import { expect, it } from '@jest/globals';
import { Places } from '../../src/core/places.js';

it('counts the places of each holder, and a place that was left once', () => {
  const places = new Places();
  const leave = places.take('a');
  expect([places.hasRoom('a', 2), places.hasRoom('a', 1)]).toEqual([true, false]);
  places.take('a');
  expect([places.hasRoom('a', 2), places.hasRoom('b', 2)]).toEqual([false, true]);
  leave();
  leave();
  expect([places.hasRoom('a', 2), places.hasRoom('a', 1)]).toEqual([true, false]);
});
