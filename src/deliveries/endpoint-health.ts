/**
 * The health of an endpoint, and what follows for its next deliveries. Pure.
 *
 * Failures in a row without an answer (or with a server's error) are an outage: the endpoint is held back, and then
 * gets ONE delivery, the probe. If the probe fails, the endpoint is held back for twice as long. 429, 502 and 504 hold
 * it back at once. After an outage of seconds, deliveries continue as before. After a longer outage, or if the endpoint
 * asked for less, it gets one delivery per second, then two, four and so on, so that a backlog does not overload it.
 */
export interface EndpointHealth {
  /** the first failure since the last success */
  failingSince: Date | null;
  /** when its owner was warned about the failures */
  noticedAt: Date | null;
  /** in a row, without an answer or with a server's error */
  failures: number;
  /** in a row */
  holds: number;
  /** nothing is sent before this time */
  heldUntil: Date | null;
  /** deliveries per second; null: no limit */
  pace: number | null;
}

/** What a failed try says about the endpoint. */
export interface EndpointFailure {
  /** null: no answer came */
  status: number | null;
  /** what the endpoint asked for, within bounds; null: it did not ask */
  retryAfterSeconds: number | null;
  /** whether it was the one delivery that an outage lets through */
  probe: boolean;
}

export type Consequence = 'none' | 'notice' | 'disable-gone' | 'disable-failing';

const failuresToHold = 5;
const firstHoldSeconds = 1;
const firstThrottleSeconds = 5;
/** Seven seconds in all: a restart, which leaves only a small backlog. */
const briefHolds = 3;
/** An endpoint that works again gets a probe within this time. */
const longestHoldSeconds = 60;
const dayMs = 86_400_000;
export const disableAfterMs = 5 * dayMs;
/** The owner is warned at half of the time. */
const noticeAfterMs = disableAfterMs / 2;

const gone = 410;
/** Too Many Requests, Bad Gateway, Gateway Timeout: what Standard Webhooks lists as "slow down". */
const throttling = [429, 502, 504];
/** Service Unavailable says by Retry-After for how long. */
const unavailable = 503;

/** At this pace the limit ends. */
const paceMax = 64;
/** Longer than a delivery can take: until then the outcome of a probe is known. */
const probeSeconds = 20;

export const healthy: EndpointHealth = {
  failingSince: null,
  noticedAt: null,
  failures: 0,
  holds: 0,
  heldUntil: null,
  pace: null,
};

/** The health of an endpoint that is enabled again: no history, and a backlog that is sent slowly. */
export const enabledAgain: EndpointHealth = { ...healthy, pace: 1 };

/** The health of an endpoint whose owner says that it works: not held back, but failing until it answers with 2xx. */
export const saidToBeWell: Pick<EndpointHealth, 'failures' | 'holds' | 'heldUntil' | 'pace'> = {
  failures: 0,
  holds: 0,
  heldUntil: null,
  pace: null,
};

export function afterFailure(
  health: EndpointHealth,
  failure: EndpointFailure,
  now: Date,
): { health: EndpointHealth; consequence: Consequence } {
  const failingSince = health.failingSince ?? now;
  const failures = isOutage(failure.status) ? health.failures + 1 : 0;
  const failingForMs = now.getTime() - failingSince.getTime();
  const next = { ...health, failingSince, failures, ...held({ ...health, failures }, failure, now) };
  if (failure.status === gone) return { health: next, consequence: 'disable-gone' };
  if (failingForMs >= disableAfterMs) return { health: next, consequence: 'disable-failing' };
  if (failingForMs >= noticeAfterMs && health.noticedAt === null)
    return { health: { ...next, noticedAt: now }, consequence: 'notice' };
  return { health: next, consequence: 'none' };
}

function held(
  health: EndpointHealth,
  failure: EndpointFailure,
  now: Date,
): Partial<Pick<EndpointHealth, 'holds' | 'heldUntil' | 'pace'>> {
  const { status, retryAfterSeconds, probe } = failure;
  const throttles =
    status !== null && (throttling.includes(status) || (status === unavailable && retryAfterSeconds !== null));
  // A probe that was answered, if only by a refusal, has ended the outage.
  if (!throttles && health.failures < failuresToHold) return probe ? { holds: 0, heldUntil: null } : {};
  const asked = throttles ? (retryAfterSeconds ?? 0) : 0;
  // Those that were under way when it was held back say nothing new.
  const isHeld = !probe && health.heldUntil !== null && health.heldUntil > now;
  const holds = isHeld ? health.holds : health.holds + 1;
  const first = throttles ? firstThrottleSeconds : firstHoldSeconds;
  const seconds = Math.max(asked, Math.min(longestHoldSeconds, first * 2 ** Math.min(10, holds - 1)));
  const until = new Date(now.getTime() + (isHeld ? asked : seconds) * 1000);
  const heldUntil = isHeld && health.heldUntil !== null && health.heldUntil > until ? health.heldUntil : until;
  const pace = throttles || holds > briefHolds ? 1 : (health.pace ?? paceMax);
  return { holds, heldUntil, pace };
}

const isOutage = (status: number | null): boolean => status === null || status >= 500;

/** How many deliveries an endpoint that recovers may get now, and how it then stands. */
export function nextRound(
  health: EndpointHealth,
  now: Date,
): { deliveries: number; probe: boolean; health: EndpointHealth } {
  const probe = health.failures > 0 || health.holds > 0;
  if (probe)
    return {
      deliveries: 1,
      probe,
      health: { ...health, pace: health.pace ?? 1, heldUntil: inSeconds(now, probeSeconds) },
    };
  const pace = health.pace ?? paceMax;
  if (pace >= paceMax) return { deliveries: paceMax, probe, health: { ...health, pace: null, heldUntil: null } };
  return { deliveries: pace, probe, health: { ...health, pace: pace * 2, heldUntil: inSeconds(now, 1) } };
}

const inSeconds = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000);
