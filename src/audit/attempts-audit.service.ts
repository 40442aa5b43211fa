import { Inject, Injectable } from '@nestjs/common';
import { AddressDigests } from '../attempts/address-digests.js';
import { Clock } from '../core/clock.js';
import { isId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { decodePageEnd, encodePageEnd } from '../http/cursor.js';
import { instantOf } from '../http/instant.js';
import { attemptView } from '../sessions/session-view.js';
import type { SearchAttemptsDto, SummaryDto } from './attempts.dto.js';
import type { FoundAttemptPageResponse, FoundAttemptResponse, SummaryResponse } from './attempts.responses.js';
import { AttemptsSearchStore } from './attempts-search.store.js';
import { type SessionOutcome, SessionOutcomesStore } from './session-outcomes.store.js';
import { summarize } from './summary.js';
import { SummaryStore } from './summary.store.js';
import { startsOf, windowOf } from './summary-window.js';

const noDurations = { median: null, p95: null };

/** Searches the attempts of all sessions, and counts them. Only reads. */
@Injectable()
export class AttemptsAudit {
  constructor(
    @Inject(AttemptsSearchStore) private readonly attempts: AttemptsSearchStore,
    @Inject(SessionOutcomesStore) private readonly sessions: SessionOutcomesStore,
    @Inject(SummaryStore) private readonly summaries: SummaryStore,
    @Inject(AddressDigests) private readonly addresses: AddressDigests,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async search(query: SearchAttemptsDto, reach: Reach): Promise<FoundAttemptPageResponse> {
    const { limit, state, outcome, failReason, signal, scanRef, ip, from, to, cursor } = query;
    const found = await this.attempts.search({
      reach,
      limit: limit + 1,
      state,
      outcome,
      failReason,
      signal,
      scanRef,
      ipDigests: ip === undefined ? undefined : this.addresses.all(ip),
      from: instantOf(from),
      to: instantOf(to),
      before: cursor === undefined ? undefined : decodePageEnd(cursor, (text) => isId('att', text)),
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const sessions = await this.sessions.of(page.map(({ sessionId }) => sessionId));
    return {
      data: page.map((row) => ({
        ...attemptView(row),
        sessionId: row.sessionId,
        ...outcomeView(sessions.get(row.sessionId)!),
        scanRef: row.scanRef,
        createdAt: row.createdAt.toISOString(),
      })),
      nextCursor: found.length > limit && last ? encodePageEnd({ at: last.createdAt, id: last.id }) : null,
    };
  }

  async summary(query: SummaryDto, reach: Reach): Promise<SummaryResponse | 'empty' | 'too-long'> {
    const { bucket } = query;
    const window = windowOf({ from: instantOf(query.from), to: instantOf(query.to), bucket }, this.clock.now());
    if (typeof window === 'string') return window;
    const { attempts, sessions, durations } = await this.summaries.read(window, reach);
    const attemptsBy = byStart(attempts);
    const sessionsBy = byStart(sessions);
    const durationsBy = new Map(durations.map((timed) => [timed.start?.getTime() ?? null, timed]));
    return {
      from: window.from.toISOString(),
      to: window.to.toISOString(),
      bucket,
      totals: summarize(attempts, sessions, durationsBy.get(null) ?? noDurations),
      buckets: startsOf(window).map((start) => {
        const at = start.getTime();
        const counted = summarize(
          attemptsBy.get(at) ?? [],
          sessionsBy.get(at) ?? [],
          durationsBy.get(at) ?? noDurations,
        );
        return { start: start.toISOString(), ...counted };
      }),
    };
  }
}

function outcomeView({ status, review }: SessionOutcome): Pick<FoundAttemptResponse, 'sessionStatus' | 'review'> {
  return {
    sessionStatus: status,
    review: review && { ...review, decidedAt: review.decidedAt.toISOString() },
  };
}

function byStart<Counted extends { start: Date }>(counts: readonly Counted[]): Map<number, Counted[]> {
  const groups = new Map<number, Counted[]>();
  for (const count of counts) {
    const start = count.start.getTime();
    groups.set(start, [...(groups.get(start) ?? []), count]);
  }
  return groups;
}
