/**
 * How a process shares a budget of requests with others: it takes tokens from the common bucket in chunks and spends
 * them by itself. Pure: no I/O, no clock; times are milliseconds.
 *
 * The common bucket holds a sixth of a minute's requests (ten seconds' worth) and refills steadily, so who keeps to the
 * rate is never refused, and bursts are taken up. Over any minute all processes together let through at most the limit,
 * and a sixth of it, and for each process a thirtieth (a chunk) and a sixtieth (what a process gives out before it asks).
 */
export interface Budget {
  readonly perMinute: number;
}

/** What the common bucket holds when it is full. */
export const capacityOf = ({ perMinute }: Budget): number => Math.max(1, perMinute / 6);

export const perSecondOf = ({ perMinute }: Budget): number => perMinute / 60;

/** The largest chunk: two seconds' worth. */
export const largestChunkOf = ({ perMinute }: Budget): number => Math.ceil(perMinute / 30);

/** What a process gives out of a bucket it has not asked for yet: a stray request costs no write. */
export const freeTokensOf = ({ perMinute }: Budget): number => Math.ceil(perMinute / 60);

/** A process trades with the common bucket about so often, bursts aside, and when refused waits for so long. */
const tradeEveryMs = 1000;

/** The part of a bucket that one process holds. */
export interface Share {
  readonly tokens: number;
  /** the size of the next chunk */
  readonly chunk: number;
  readonly tradedAtMs: number;
  /** until then nothing is asked of the common bucket: it was empty, or could not be asked */
  readonly heldUntilMs: number;
  /** what is said meanwhile */
  readonly held: 'refuse' | 'let-through';
}

export function newShare(budget: Budget, nowMs: number): Share {
  return { tokens: freeTokensOf(budget), chunk: 1, tradedAtMs: nowMs, heldUntilMs: 0, held: 'refuse' };
}

/** `trade`: what comes next is not known before the common bucket was asked for `chunk` tokens. */
export function spend(share: Share, nowMs: number): { verdict: 'allowed' | 'refused' | 'trade'; share: Share } {
  if (share.tokens >= 1) return { verdict: 'allowed', share: { ...share, tokens: share.tokens - 1 } };
  if (nowMs >= share.heldUntilMs) return { verdict: 'trade', share };
  return { verdict: share.held === 'refuse' ? 'refused' : 'allowed', share };
}

/** Whether `spend` would refuse, as far as this process knows. */
export const refuses = (share: Share, nowMs: number): boolean => spend(share, nowMs).verdict === 'refused';

/**
 * After the common bucket's answer. Chunks follow the use: doubled when the last one was spent within a second, halved
 * when it lasted for more than two. So a process holds about what it needs in a second, and what all hold together
 * does not grow with their number.
 */
export function afterTrade(share: Share, budget: Budget, granted: boolean, nowMs: number): Share {
  if (!granted) return { ...share, heldUntilMs: nowMs + tradeEveryMs, held: 'refuse' };
  return {
    ...share,
    tokens: share.tokens + share.chunk,
    chunk: nextChunk(share.chunk, nowMs - share.tradedAtMs, largestChunkOf(budget)),
    tradedAtMs: nowMs,
  };
}

/** The common bucket cannot be asked: a limit is no reason to turn anybody away then. */
export function afterOutage(share: Share, nowMs: number): Share {
  return { ...share, heldUntilMs: nowMs + tradeEveryMs, held: 'let-through' };
}

function nextChunk(chunk: number, lastedMs: number, largest: number): number {
  if (lastedMs < tradeEveryMs) return Math.min(chunk * 2, largest);
  if (lastedMs > 2 * tradeEveryMs) return Math.max(1, Math.floor(chunk / 2));
  return chunk;
}

/** For `Retry-After`: when there is a token again if nobody else takes it. */
export const retryAfterSeconds = ({ perMinute }: Budget): number => Math.max(1, Math.ceil(60 / perMinute));
