import { describe, expect, it } from '@jest/globals';
import { isIdentificationEvent, parseIdentification, withoutPerson } from '../../src/idenfy/identification-result.js';

const scanRef = '1d2c3b4a-7340-11ee-9aec-0221b1f59063';

/** As iDenfy's pages show it, shortened. */
const approved = {
  final: true,
  platform: 'MOBILE_APP',
  status: {
    overall: 'APPROVED',
    suspicionReasons: [],
    denyReasons: [],
    fraudTags: [],
    mismatchTags: [],
    autoFace: 'FACE_MATCH',
    manualFace: 'FACE_MATCH',
    autoDocument: 'DOC_VALIDATED',
    manualDocument: 'DOC_VALIDATED',
    additionalSteps: null,
  },
  data: { docFirstName: 'JANE', docLastName: 'SAMPLE', docNumber: 'X1234567', docType: 'ID_CARD' },
  fileUrls: { FRONT: 'https://s3.example/front.png?X-Amz-Signature=0', FACE: 'https://s3.example/face.png' },
  AML: null,
  scanRef,
  externalRef: null,
  clientId: 'ses_42',
  startTime: 1_554_726_960,
  finishTime: 1_554_727_002,
};

const parse = (body: unknown) => parseIdentification(Buffer.from(JSON.stringify(body)));

describe('the webhook of an identification', () => {
  it('approves when it is final and its status is APPROVED', () => {
    expect(parse(approved)).toEqual({ kind: 'approved', scanRef, clientId: 'ses_42' });
  });

  it('says the same as it is kept, without the person and the documents', () => {
    const kept = withoutPerson(Buffer.from(JSON.stringify(approved)));
    for (const text of ['s3.example', 'JANE', 'X1234567', 'FACE_MATCH']) expect(kept.toString()).not.toContain(text);
    expect(parseIdentification(kept)).toEqual({ kind: 'approved', scanRef, clientId: 'ses_42' });
  });

  it.each([false, null, undefined, 'true', 1, {}])('is not final with final %j, whatever its status', (final) => {
    expect(parse({ ...approved, final })).toEqual({ kind: 'not-final' });
  });

  it('may have no status as long as it is not final', () => {
    expect(parse({ scanRef, final: false, status: null })).toEqual({ kind: 'not-final' });
  });

  it.each([
    'DENIED',
    'SUSPECTED',
    'REVIEWING',
    'EXPIRED',
    'ACTIVE',
    'DELETED',
    'ARCHIVED',
    'approved',
    ' APPROVED',
    '',
  ])('does not approve with %j', (overall) => {
    expect(parse({ ...approved, status: { ...approved.status, overall } })).toEqual({
      kind: 'not-approved',
      overall,
      scanRef,
      clientId: 'ses_42',
    });
  });

  it.each([undefined, null, 42, ''.padEnd(3, '\u0000')])('keeps of clientId %j what can be kept', (clientId) => {
    expect(parse({ ...approved, clientId })).toEqual({
      kind: 'approved',
      scanRef,
      clientId: typeof clientId === 'string' ? '' : null,
    });
  });

  it.each([
    ['no JSON', Buffer.from('final=true')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['an array', Buffer.from('[]')],
    ['no scanRef', Buffer.from(JSON.stringify({ ...approved, scanRef: undefined }))],
    ['a scanRef that is no text', Buffer.from(JSON.stringify({ ...approved, scanRef: 42 }))],
    ['an endless scanRef', Buffer.from(JSON.stringify({ ...approved, scanRef: 'x'.repeat(256) }))],
    ['no status', Buffer.from(JSON.stringify({ ...approved, status: undefined }))],
    ['a status that is a word', Buffer.from(JSON.stringify({ ...approved, status: 'APPROVED' }))],
    ['a list for its status', Buffer.from(JSON.stringify({ ...approved, status: { overall: ['APPROVED'] } }))],
  ])('is malformed with %s', (_, body) => {
    expect(parseIdentification(body)).toEqual({ kind: 'malformed', reason: expect.any(String) });
  });
});

describe('the type of a webhook', () => {
  it.each([
    ['IDENTIFICATION', true],
    ['identification', true],
    ['IDENTIFICATION_AUTO_FINISHED', true],
    ['IDENTIFICATION_MANUAL_FINISHED', true],
    ['IDENTIFICATION_EXPIRED', false],
    ['FACIAL_AUTHENTICATION', false],
    ['', false],
    [null, false],
  ])('%j tells how an identification came out: %j', (eventType, tells) => {
    expect(isIdentificationEvent(eventType)).toBe(tells);
  });
});
