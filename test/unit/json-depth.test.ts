import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isNestedDeeper } from '../../src/core/json-depth.js';

const deeper = (json: string, levels: number) => isNestedDeeper(Buffer.from(json), levels);

/** By walking the parsed value: slow, recursive and plain. */
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('the nesting of JSON', () => {
  it('is counted over lists and objects, and not over what has ended', () => {
    expect(deeper('[{"a":[]},{"b":[1,2]}]', 3)).toBe(false);
    expect(deeper('[{"a":[]},{"b":[1,2]}]', 2)).toBe(true);
    expect(deeper('7', 0)).toBe(false);
    expect(deeper('', 0)).toBe(false);
  });

  it('does not count brackets in texts, whatever is escaped there', () => {
    expect(deeper(String.raw`["[[[{{{"]`, 1)).toBe(false);
    expect(deeper(String.raw`["\"[[[", "\\"]`, 1)).toBe(false);
    expect(deeper(String.raw`["\\", [1]]`, 1)).toBe(true);
  });

  it('is what walking the value finds, for any value', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'medium' }), (json) => {
        const depth = depthOf(JSON.parse(json));
        expect(deeper(json, depth)).toBe(false);
        if (depth > 0) expect(deeper(json, depth - 1)).toBe(true);
      }),
    );
  });

  it('is told of 64 KB of brackets, of any bytes and of half a text, without fail', () => {
    expect(deeper('['.repeat(65_536), 64)).toBe(true);
    expect(deeper(']'.repeat(65_536), 64)).toBe(false);
    expect(deeper('["\\', 1)).toBe(false);
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void isNestedDeeper(bytes, 3)));
  });
});
