import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ask, type Breaker, closedBreaker, learn } from '../../src/idenfy/breaker.js';
import { Circuit } from '../../src/idenfy/circuit.js';

/** A breaker after so many failures in a row at that time, each let through before it came back. */
function failing(breaker: Breaker, times: number, now: number): Breaker {
  let next = breaker;
  for (let time = 0; time < times; time += 1) next = learn(next, next.era, false, now);
  return next;
}

/** What the probe at that time comes to. */
function probed(breaker: Breaker, answered: boolean, now: number): Breaker {
  const { breaker: halfOpen, permission } = ask(breaker, now);
  if (permission.kind === 'wait') throw new Error('no probe was let through');
  return learn(halfOpen, permission.era, answered, now);
}

const secondsTold = (breaker: Breaker, now: number) => {
  const { permission } = ask(breaker, now);
  return permission.kind === 'wait' ? permission.seconds : null;
};

describe('a closed breaker', () => {
  it('lets everyone through', () => {
    expect(ask(closedBreaker, 0).permission).toEqual({ kind: 'call', era: 0 });
    expect(ask(failing(closedBreaker, 4, 0), 0).permission).toEqual({ kind: 'call', era: 0 });
  });

  it('opens after five failures in a row, and not before', () => {
    expect(failing(closedBreaker, 4, 0).state).toBe('closed');
    expect(failing(closedBreaker, 5, 0).state).toBe('open');
  });

  it('counts anew after an answer', () => {
    const answered = learn(failing(closedBreaker, 4, 0), 0, true, 0);
    expect(failing(answered, 4, 0).state).toBe('closed');
    expect(failing(answered, 5, 0).state).toBe('open');
  });
});

describe('an open breaker', () => {
  it('is tried again after 5 s, then after twice as long each time, at most 60 s', () => {
    let breaker = failing(closedBreaker, 5, 0);
    let now = 0;
    const waits: (number | null)[] = [];
    for (let opening = 0; opening < 7; opening += 1) {
      const seconds = secondsTold(breaker, now);
      waits.push(seconds);
      now += (seconds ?? 0) * 1000;
      expect(secondsTold(breaker, now - 1)).not.toBeNull();
      breaker = probed(breaker, false, now);
    }
    expect(waits).toEqual([5, 10, 20, 40, 60, 60, 60]);
  });

  it('begins with 5 s again once it was closed', () => {
    const again = probed(probed(failing(closedBreaker, 5, 0), false, 5000), true, 15_000);
    expect(again.state).toBe('closed');
    expect(secondsTold(failing(again, 5, 20_000), 20_000)).toBe(5);
  });

  it('tells each who asks a later time than the one before, however much later that one asked', () => {
    let breaker = failing(closedBreaker, 5, 0);
    const times: number[] = [];
    for (let asked = 0; asked < 240; asked += 1) {
      const { breaker: next, permission } = ask(breaker, asked * 10);
      breaker = next;
      if (permission.kind === 'wait') times.push(asked * 10 + permission.seconds * 1000);
    }
    expect(times[0]).toBe(5000);
    // The probe has a second to come back before the second in the line is due.
    expect(times[1]).toBeGreaterThanOrEqual(6000);
    expect(times.slice(1).every((time, index) => time > times[index]!)).toBe(true);
    expect(times.at(-1)).toBeLessThanOrEqual(66_000);
  });

  it('does not stay open for longer when the clock is set back', () => {
    expect(ask(failing(closedBreaker, 5, 3_600_000), 0).permission.kind).toBe('call');
  });

  it('takes no notice of calls that were let through before it opened', () => {
    const breaker = failing(closedBreaker, 5, 0);
    expect(learn(breaker, 0, true, 1)).toBe(breaker);
    expect(learn(breaker, 0, false, 1)).toBe(breaker);
  });
});

describe('a half-open breaker', () => {
  const halfOpen = ask(failing(closedBreaker, 5, 0), 5000).breaker;

  it('has let one through and turns away the others', () => {
    expect(halfOpen.state).toBe('half-open');
    expect(secondsTold(halfOpen, 5000)).toBeGreaterThan(0);
  });

  it('is not closed by an answer to a call from before', () => {
    expect(learn(halfOpen, 0, true, 5000)).toBe(halfOpen);
  });

  it('is closed by the answer to its probe, and opened by none', () => {
    expect(learn(halfOpen, halfOpen.era, true, 5001).state).toBe('closed');
    expect(learn(halfOpen, halfOpen.era, false, 5001).state).toBe('open');
  });
});

describe('whatever happens', () => {
  const pass = fc.record({ kind: fc.constant('pass' as const), milliseconds: fc.integer({ min: 0, max: 30_000 }) });
  const asking = fc.record({ kind: fc.constant('ask' as const) });
  const learning = (answered: fc.Arbitrary<boolean>) =>
    fc.record({ kind: fc.constant('learn' as const), which: fc.nat(40), answered });
  // Failures prevail, or it would hardly ever open.
  const step = fc.oneof(
    { weight: 6, arbitrary: asking },
    { weight: 6, arbitrary: learning(fc.constant(false)) },
    { weight: 1, arbitrary: learning(fc.constant(true)) },
    { weight: 1, arbitrary: pass },
  );

  it('there is at most one probe, nothing is called while it is open, and it opens only after five in a row', () => {
    const reached = new Set<Breaker['state']>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        let breaker = closedBreaker;
        let now = 0;
        let inARow = 0;
        let openUntil = 0;
        let probing = false;
        const underWay: { era: number; probe: boolean }[] = [];
        for (const next of steps) {
          const before = breaker.state;
          reached.add(before);
          if (next.kind === 'pass') now += next.milliseconds;
          if (next.kind === 'ask') {
            const asked = ask(breaker, now);
            breaker = asked.breaker;
            if (asked.permission.kind === 'wait') {
              expect(asked.permission.seconds).toBeGreaterThanOrEqual(0);
              expect(asked.permission.seconds).toBeLessThanOrEqual(121);
              expect(before).not.toBe('closed');
            } else {
              expect(probing).toBe(false);
              probing = before === 'open';
              if (probing) expect(now).toBeGreaterThanOrEqual(openUntil);
              underWay.push({ era: asked.permission.era, probe: probing });
            }
          }
          if (next.kind === 'learn' && underWay.length > 0) {
            const [call] = underWay.splice(next.which % underWay.length, 1);
            const counts = call!.era === breaker.era;
            breaker = learn(breaker, call!.era, next.answered, now);
            if (counts) inARow = next.answered ? 0 : inARow + 1;
            if (call!.probe) probing = false;
            if (breaker.state === 'open' && before !== 'open') {
              expect(before === 'half-open' || inARow === 5).toBe(true);
              openUntil = now + 5000;
            }
            if (breaker.state === 'closed' && before !== 'closed') {
              expect(before).toBe('half-open');
              expect(call!.probe && next.answered).toBe(true);
              inARow = 0;
            }
          }
        }
      }),
      { numRuns: 500 },
    );
    expect([...reached].sort()).toEqual(['closed', 'half-open', 'open']);
  });
});

describe('the breaker of a process', () => {
  it('tells every change of its state, once', () => {
    let now = 0;
    const states: string[] = [];
    const circuit = new Circuit(
      () => now,
      (state) => states.push(state),
    );
    const call = (answered: boolean) => {
      const permission = circuit.ask();
      if (permission.kind === 'call') circuit.learn(permission, answered);
      return permission.kind;
    };
    expect([false, false, false, false, false, false].map(call)).toEqual([...Array(5).fill('call'), 'wait']);
    now = 5000;
    expect(call(false)).toBe('call');
    now = 15_000;
    expect(call(true)).toBe('call');
    expect(states).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
    expect(circuit.state).toBe('closed');
  });

  it('has a time for who called in vain only when it does not let everyone through', () => {
    const circuit = new Circuit(() => 0);
    for (let time = 0; time < 5; time += 1) {
      expect(circuit.waitSeconds()).toBeNull();
      const permission = circuit.ask();
      if (permission.kind === 'call') circuit.learn(permission, false);
    }
    expect(circuit.waitSeconds()).toBe(5);
  });
});
