import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import { newSecret } from '../core/ids.js';
import { digestOf } from '../http/api-keys.store.js';
import { type IdempotencyKey, IdempotencyStore, type RememberedAnswer } from '../http/idempotency.store.js';
import { CodeAnswers } from './code-answers.service.js';
import { CodeWaiter } from './code-waiter.js';
import { type Created, SessionCreation } from './session-creation.service.js';
import type { CreateSessionDto } from './session.dto.js';
import { SessionsStore } from './sessions.store.js';

/** Handles POST /v1/sessions from validated body to answer, with its idempotency key. */
@Injectable()
export class CreationRequests {
  constructor(
    @Inject(SessionCreation) private readonly creation: SessionCreation,
    @Inject(IdempotencyStore) private readonly idempotency: IdempotencyStore,
    @Inject(CodeAnswers) private readonly answers: CodeAnswers,
    @Inject(CodeWaiter) private readonly waiter: CodeWaiter,
    @Inject(SessionsStore) private readonly sessions: SessionsStore,
  ) {}

  /** @param platform that the session belongs to */
  async handle(
    request: CreateSessionDto,
    platform: string,
    actor: Actor,
    key: string | null,
  ): Promise<RememberedAnswer> {
    const created = this.creation.prepare();
    const waiting = this.waiter.expect(created.attemptId);
    try {
      const idempotencyKey = key === null ? null : { platform, key, apiKeyId: actor.id };
      const result = await this.creation.create(request, created, { platform, actor }, idempotencyKey);
      switch (result.kind) {
        case 'created':
          return await this.finish(request, created, actor, idempotencyKey, waiting.settled);
        case 'subject-locked':
          return result.answer;
        case 'mismatch':
          return { kind: 'problem', code: 'idempotency-mismatch', extras: {} };
        case 'in-flight':
          return { kind: 'problem', code: 'idempotency-in-flight', extras: { retryAfterSeconds: 1 } };
        case 'answered':
          return await this.answers.replayed(result.answer, result.sessionId);
        case 'abandoned':
          return await this.resume(request, result.sessionId, actor, idempotencyKey);
      }
    } finally {
      waiting.forget();
    }
  }

  private async finish(
    request: CreateSessionDto,
    { sessionId, attemptId, clientToken }: Created,
    actor: Actor,
    key: IdempotencyKey | null,
    settled: Promise<void>,
  ): Promise<RememberedAnswer> {
    const asked = { sessionId, attemptId, reveal: request.reveal, actor, clientToken };
    const answer = await this.answers.answer(asked, settled);
    if (key) await this.idempotency.remember(key, answer);
    return answer;
  }

  /** The session is there, its answer was never given: give it now, with a new client token (the old one is unknown). */
  private async resume(request: CreateSessionDto, sessionId: string, actor: Actor, key: IdempotencyKey | null) {
    const clientToken = newSecret('fct');
    const attemptId = await this.sessions.firstAttempt(sessionId);
    await this.sessions.replaceClientToken(sessionId, digestOf(clientToken));
    return this.finish(request, { sessionId, attemptId, clientToken }, actor, key, Promise.resolve());
  }
}
