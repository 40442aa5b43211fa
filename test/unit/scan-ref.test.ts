import { describe, expect, it } from '@jest/globals';
import { isSameScanRef, normalScanRef } from '../../src/idenfy/scan-ref.js';

const uuid = '8df398bb-7340-11ee-9aec-0221b1f59063';

describe('scanRefs', () => {
  it.each([
    [uuid, uuid.toUpperCase(), true],
    [uuid, '8DF398bb-7340-11EE-9aec-0221b1f59063', true],
    [uuid, '8df398bb-7340-11ee-9aec-0221b1f59064', false],
    [uuid, uuid.replaceAll('-', ''), false],
    [uuid, `${uuid} `, false],
    [`x${uuid}`, `X${uuid}`, false],
    [`${uuid}\n`, `${uuid.toUpperCase()}\n`, false],
    ['user-1', 'user-1', true],
    ['user-1', 'User-1', false],
    ['', '', true],
  ])('%j equals %j: %s', (one, other, same) => {
    expect(isSameScanRef(one, other)).toBe(same);
    expect(isSameScanRef(other, one)).toBe(same);
    expect(normalScanRef(one) === normalScanRef(other)).toBe(same);
  });
});
