/** The table of README.md, "The states", cell by cell: decided, written and read back on each store. */
import { expect, it } from '@jest/globals';
import { AttemptMoves } from '../../src/attempts/attempt-moves.js';
import { AttemptsStore } from '../../src/attempts/attempts.store.js';
import type { Input } from '../../src/attempts/decision.js';
import type { FinalStatus } from '../../src/idenfy/contract.js';
import { onEveryStore } from '../support/world.js';
import type { SessionBody } from '../support/client.js';

const soon = new Date(Date.now() + 1_800_000);
const result = (status: FinalStatus): Input => ({
  kind: 'result',
  outcome: { status, failReason: null, source: 'session-api', at: new Date().toISOString() },
  claims: { scanRef: null, type: null, method: null },
});

const inputs = {
  'code-issued': { kind: 'code-issued', issuedAt: new Date(), expiresAt: soon, deadlineAt: soon, codeHint: '••12' },
  'issue-refused': { kind: 'issue-refused', reason: 'provider-rejected', detail: 'no' },
  revealed: { kind: 'revealed' },
  SUCCESS: result('SUCCESS'),
  FAILED: result('FAILED'),
  CANCELED: result('CANCELED'),
  EXPIRED: result('EXPIRED'),
  superseded: { kind: 'superseded' },
  canceled: { kind: 'canceled' },
} as const satisfies Record<string, Input>;
type InputName = keyof typeof inputs;

/** What leads from a fresh attempt to the state. */
const wayTo: Record<string, InputName[]> = {
  requested: [],
  issued: ['code-issued'],
  'awaiting-selfie': ['code-issued', 'revealed'],
  passed: ['code-issued', 'revealed', 'SUCCESS'],
  retry: ['code-issued', 'revealed', 'FAILED'],
  void: ['code-issued', 'superseded'],
};

const columns = Object.keys(inputs) as InputName[];
const refused = 'refused';
/** By state, in the order of `columns`. The session of `passed` is closed with it; the others stay open. */
const table: Record<string, string[]> = {
  requested: ['issued', 'void', refused, refused, refused, refused, refused, 'void', 'void'],
  issued: ['replayed', refused, 'awaiting-selfie', 'passed', 'retry', 'retry', 'retry', 'void', 'void'],
  'awaiting-selfie': ['replayed', refused, 'replayed', 'passed', 'retry', 'retry', 'retry', 'void', 'void'],
  passed: [refused, refused, refused, 'replayed', refused, refused, refused, refused, refused],
  retry: [refused, refused, refused, refused, 'replayed', refused, refused, refused, refused],
  void: [refused, refused, refused, refused, refused, refused, refused, refused, refused],
};
const cells = Object.entries(table).flatMap(([state, row]) =>
  columns.map((input, nth) => ({ state, input, becomes: row[nth]! })),
);

onEveryStore(
  'the table of attempts',
  (world) => {
    const give = async (session: SessionBody, name: InputName) => {
      const { app } = world().service.service;
      const [store, moves] = [app.get(AttemptsStore, { strict: false }), app.get(AttemptMoves, { strict: false })];
      return world().database.transaction(async (tx) => {
        const locked = (await store.lock(tx, session.id))!;
        const attempt = locked.attempts.find(({ id }) => id === session.attempt!.id)!;
        return moves.apply(tx, locked, attempt, inputs[name], {
          actor: { kind: 'system', id: 'table' },
          now: new Date(),
        });
      });
    };

    it.each(cells)('$state, $input: $becomes', async ({ state, input, becomes }) => {
      const { client } = world();
      // Nobody works here, so the attempt stays where it is put.
      const answer = await client.post('/v1/sessions', { scanRef: `table-${state}-${input}` }).expect(202);
      const session = answer.body as SessionBody;
      for (const step of wayTo[state]!) expect((await give(session, step)).kind).toBe('moved');
      const before = (await client.session(session.id)).attempts[0]!;
      expect(before.state).toBe(state);

      const { kind } = await give(session, input);
      const after = (await client.session(session.id)).attempts[0]!;
      const moves = becomes !== 'replayed' && becomes !== refused;
      expect(kind).toBe(moves ? 'moved' : becomes);
      expect(after.state).toBe(moves ? becomes : state);
      if (!moves) expect({ ...after, signals: [] }).toEqual({ ...before, signals: [] });
    });
  },
  { ROLES: 'api', CREATE_WAIT_SECONDS: '0' },
);
