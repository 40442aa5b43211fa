import { Inject, Injectable } from '@nestjs/common';
import { AttemptsStore } from '../attempts/attempts.store.js';
import { liveAttempt, type SessionWithAttempts } from '../attempts/rows.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Reach } from '../core/reach.js';
import { CodesEvents } from '../queue/codes-events.js';

/** How often the row is looked at all the same: word of a finished job may be lost with the queue's store. */
const lookEveryMs = 250;

/** Waits for the code of a fresh attempt, at most CREATE_WAIT_SECONDS. */
@Injectable()
export class CodeWaiter {
  constructor(
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(CodesEvents) private readonly events: CodesEvents,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** To be called before the attempt's job can be there. */
  expect(attemptId: string): ReturnType<CodesEvents['expect']> {
    return this.events.expect(attemptId);
  }

  /** @returns the session as it is when the attempt has its code, has failed to get one, or the time is over */
  async wait(sessionId: string, attemptId: string, settled: Promise<void>): Promise<SessionWithAttempts | null> {
    const until = Date.now() + this.settings.createWaitSeconds * 1000;
    // Word comes once: who went on listening for what was heard would look without a pause.
    let word: Promise<void> | null = settled;
    for (;;) {
      const left = until - Date.now();
      if (left > 0 && (await isHeard(word, Math.min(left, lookEveryMs)))) word = null;
      const found = await this.store.find(sessionId, Reach.all);
      const live = found && liveAttempt(found.attempts);
      if (live?.id !== attemptId || live.state !== 'requested' || Date.now() >= until) return found;
    }
  }
}

async function isHeard(word: Promise<void> | null, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<false>((resolve) => (timer = setTimeout(resolve, withinMs, false)));
  const heard = await Promise.race([silence, ...(word ? [word.then(() => true)] : [])]);
  clearTimeout(timer);
  return heard;
}
