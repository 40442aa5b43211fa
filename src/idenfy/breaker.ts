/**
 * When to stop calling a provider that does not answer, and when to try it again. Pure: times are milliseconds of the
 * caller's clock.
 *
 * `closed` lets every call through; failures in a row open it. `open` lets none through until its time is over; then it
 * is `half-open` and lets ONE through, the probe, whose outcome closes it or opens it for twice as long. Those who are
 * turned away are told when to come back, one behind the other, so that the oldest stays the first.
 */
const failuresToOpen = 5;
const firstOpenSeconds = 5;
const longestOpenSeconds = 60;

/** Only the first in the line comes at the time of the probe; the others leave it this long to be answered. */
const probeSeconds = 1;
/** Four a second: no herd, above what iDenfy's default budget lets through anyway, and further apart than jobs are late. */
const placeSeconds = 0.25;
/** Those who come later than 240 others share the last place. */
const longestLineSeconds = 60;

/** `era`: every change of state begins a new one; the outcome of a call counts in the era that let it through only. */
export type Breaker =
  | { readonly state: 'closed'; readonly era: number; readonly failures: number }
  | {
      readonly state: 'open';
      readonly era: number;
      /** how often it opened since it was last closed */
      readonly openings: number;
      readonly openedAt: number;
      readonly probeAt: number;
      /** how many were turned away since it opened */
      readonly line: number;
    }
  | { readonly state: 'half-open'; readonly era: number; readonly openings: number; readonly line: number };

export const breakerStates = ['closed', 'open', 'half-open'] as const satisfies readonly Breaker['state'][];

export const closedBreaker: Breaker = { state: 'closed', era: 0, failures: 0 };

export type Permission = { readonly kind: 'call'; readonly era: number } | { readonly kind: 'wait'; seconds: number };

/** Whether a call may be made now; who may has to come back with the outcome by `learn`, whatever it was. */
export function ask(breaker: Breaker, now: number): { breaker: Breaker; permission: Permission } {
  if (breaker.state === 'closed') return { breaker, permission: { kind: 'call', era: breaker.era } };
  if (breaker.state === 'half-open' || !isDue(breaker, now)) return standInLine(breaker, now);
  const { openings, line } = breaker;
  const era = breaker.era + 1;
  return { breaker: { state: 'half-open', era, openings, line }, permission: { kind: 'call', era } };
}

/** @param era of the permission; the outcome of a call that an earlier era let through says nothing new */
export function learn(breaker: Breaker, era: number, answered: boolean, now: number): Breaker {
  if (era !== breaker.era) return breaker;
  switch (breaker.state) {
    case 'closed': {
      const failures = answered ? 0 : breaker.failures + 1;
      return failures < failuresToOpen ? { ...breaker, failures } : opened(breaker, 1, now);
    }
    case 'half-open':
      return answered
        ? { state: 'closed', era: breaker.era + 1, failures: 0 }
        : opened(breaker, breaker.openings + 1, now);
    case 'open':
      return breaker;
  }
}

/** The next place behind those who were turned away before; a breaker that is closed has no line. */
export function standInLine(
  breaker: Exclude<Breaker, { state: 'closed' }>,
  now: number,
): { breaker: Breaker; permission: { kind: 'wait'; seconds: number } } {
  const from = breaker.state === 'open' ? Math.max(0, breaker.probeAt - now) / 1000 : 0;
  const first = breaker.state === 'open' && breaker.line === 0;
  const behind = first ? 0 : probeSeconds + Math.min(longestLineSeconds, breaker.line * placeSeconds);
  return {
    breaker: { ...breaker, line: breaker.line + 1 },
    permission: { kind: 'wait', seconds: from + behind },
  };
}

function opened(breaker: Breaker, openings: number, now: number): Breaker {
  const seconds = Math.min(longestOpenSeconds, firstOpenSeconds * 2 ** (openings - 1));
  return { state: 'open', era: breaker.era + 1, openings, openedAt: now, probeAt: now + seconds * 1000, line: 0 };
}

/** A clock that was set back must not keep it open for longer. */
const isDue = ({ openedAt, probeAt }: { openedAt: number; probeAt: number }, now: number): boolean =>
  now >= probeAt || now < openedAt;
