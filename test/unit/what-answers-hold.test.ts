/** Which reads are recorded, by what the answer holds and by who reads. */
import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { routeName } from '../../src/audit/route-name.js';
import { mustRecord } from '../../src/audit/what-answers-hold.js';
import type { Principal, Scope } from '../../src/http/scopes.js';
import { EventPageResponse } from '../../src/journal/events.responses.js';
import { CheckpointResponse } from '../../src/journal/tree/journal.responses.js';
import { SessionResponse } from '../../src/sessions/session.responses.js';

const key = (...scopes: Scope[]): Principal => ({
  kind: 'api-key',
  id: 'key_x',
  name: 'x',
  owner: null,
  platform: 'main',
  scopes,
});
class SomethingNew {}

describe('a read is recorded', () => {
  it('of sessions, unless a platform reads its own', () => {
    const recorded = (...scopes: Scope[]) => mustRecord(key(...scopes), [SessionResponse]);
    expect([recorded('sessions'), recorded('sessions', 'endpoints')]).toEqual([false, false]);
    for (const scopes of [['audit'], ['admin'], ['sessions', 'audit'], ['sessions', 'review'], ['sessions', 'admin']]) {
      expect([scopes, recorded(...(scopes as Scope[]))]).toEqual([scopes, true]);
    }
  });

  it('of events by every key, of hashes and signatures by none', () => {
    for (const scope of ['sessions', 'audit', 'review', 'endpoints', 'admin'] as const) {
      expect(mustRecord(key(scope), [EventPageResponse])).toBe(true);
      expect(mustRecord(key(scope), [CheckpointResponse])).toBe(false);
    }
  });

  it('of every answer that nobody has decided on', () => {
    for (const answers of [[], [null], [SomethingNew], [SessionResponse, SomethingNew], [CheckpointResponse, null]]) {
      expect(mustRecord(key('sessions'), answers)).toBe(true);
    }
  });

  it('never of the user, whose client token shows only their own session', () => {
    expect(mustRecord({ kind: 'client-token', sessionId: 'ses_x', platform: 'main' }, [SessionResponse])).toBe(false);
  });
});

it.each([
  ['/v1/attempts', 'search', 'attempts.search'],
  ['/v1/attempts/summary', 'summary', 'attempts.summary'],
  ['/v1/sessions/:id', 'get', 'sessions.get'],
  ['/v1/sessions/:id/evidence', 'get', 'sessions.evidence'],
  ['/v1/sessions/:id/review/claim', 'claim', 'sessions.review.claim'],
  ['/v1/journal/export', 'export', 'journal.export'],
])('the route %s (%s) is recorded as %s', (url, handler, name) => {
  expect(routeName(url, handler)).toBe(name);
});
