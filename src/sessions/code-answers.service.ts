/**
 * The answers of the requests that ask for a code: 201 with it, 202 without it yet, or the problem that there is none.
 * The caller has created the session, or has been checked to reach it.
 */
import { Inject, Injectable } from '@nestjs/common';
import { AttemptsService } from '../attempts/attempts.service.js';
import { liveAttempt, type SessionWithAttempts } from '../attempts/rows.js';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import type { ProblemCode } from '../core/errors.js';
import { Reach } from '../core/reach.js';
import type { RememberedAnswer } from '../http/idempotency.store.js';
import { CodeWaiter } from './code-waiter.js';
import type { SessionView } from './session-view.js';
import { SessionsService } from './sessions.service.js';

/** Reasons for which a code could not be had, and their problems. `identification-required` is an answer, not a problem. */
const problemOf: Partial<Record<string, ProblemCode>> = {
  'scan-ref-not-found': 'scan-ref-not-found',
  'not-eligible': 'not-eligible',
  'provider-rejected': 'provider-rejected',
};

export interface AskedForCode {
  sessionId: string;
  attemptId: string;
  reveal: boolean;
  actor: Actor;
  /** goes into the answer to POST /v1/sessions */
  clientToken?: string;
}

@Injectable()
export class CodeAnswers {
  constructor(
    @Inject(CodeWaiter) private readonly waiter: CodeWaiter,
    @Inject(AttemptsService) private readonly attempts: AttemptsService,
    @Inject(SessionsService) private readonly sessions: SessionsService,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async answer(asked: AskedForCode, settled: Promise<void>): Promise<RememberedAnswer> {
    const found = await this.waiter.wait(asked.sessionId, asked.attemptId, settled);
    if (!found) return { kind: 'problem', code: 'not-found', extras: {} };
    const attempt = found.attempts.find(({ id }) => id === asked.attemptId);
    // One that was superseded while it was waited for has a successor, which may have no code yet either.
    const awaited = attempt?.reason === 'superseded' ? liveAttempt(found.attempts) : attempt;
    if (awaited?.state === 'requested') return this.body(202, asked, this.sessions.viewWithIdentification(found));
    const code = attempt?.state === 'void' ? problemOf[attempt.reason ?? ''] : undefined;
    if (code) return { kind: 'problem', code, extras: { sessionId: asked.sessionId } };
    return this.body(201, asked, await this.revealed(asked, found));
  }

  private async revealed(asked: AskedForCode, found: SessionWithAttempts): Promise<SessionView> {
    if (!asked.reveal) return this.sessions.viewWithIdentification(found);
    const revealed = await this.attempts.reveal(asked.sessionId, Reach.all, asked.actor);
    // A result that came before the code was handed out: the session says so.
    if (typeof revealed === 'string')
      return (await this.sessions.find(asked.sessionId, Reach.all)) ?? this.sessions.viewWithIdentification(found);
    return this.sessions.viewWithIdentification(revealed.session, revealed);
  }

  private body(status: number, asked: AskedForCode, view: SessionView): RememberedAnswer {
    const token = asked.clientToken === undefined ? {} : { clientToken: asked.clientToken };
    return { kind: 'answer', status, body: { ...view, ...token } satisfies SessionView };
  }

  /** A remembered answer, without a code that is dead by now. */
  async replayed(answer: RememberedAnswer, sessionId: string): Promise<RememberedAnswer> {
    if (answer.kind === 'problem') return answer;
    const body = answer.body as SessionView;
    const found = await this.sessions.findRows(sessionId, Reach.all);
    const live = found && liveAttempt(found.attempts);
    const alive = live?.id === body.attempt?.id && live?.expiresAt != null && live.expiresAt > this.clock.now();
    if (alive || !body.attempt) return answer;
    const { code: _code, url: _url, token: _token, ...attempt } = body.attempt;
    return { ...answer, body: { ...body, attempt } };
  }
}
