import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AttemptsService } from '../attempts/attempts.service.js';
import { isId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { Problem, type ProblemCode } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import type { RememberedAnswer } from '../http/idempotency.store.js';
import { defaultPlatform } from '../core/platform.js';
import { actorOf, chosenPlatform, CurrentPrincipal, CurrentReach, reachOf } from '../http/principal.js';
import { type Principal, RequireScope, RequireScopeOrClientToken } from '../http/scopes.js';
import { invalid, isPlainText } from '../http/validation.js';
import { CodeAnswers } from './code-answers.service.js';
import { CodeWaiter } from './code-waiter.js';
import { CreationRequests } from './creation-requests.service.js';
import { sessionFor } from './session-for.js';
import { CodeResponse, CreatedSessionResponse, SessionPageResponse, SessionResponse } from './session.responses.js';
import { CreateSessionDto, ListSessionsDto, NewAttemptDto } from './session.dto.js';
import { type SessionPage, SessionsService } from './sessions.service.js';
import type { SessionView } from './session-view.js';
import type { UserSession } from './user-view.js';
import { UserSessionResponse } from './user-session.response.js';

@ApiTags('sessions')
@ApiBearerAuth()
@Controller('v1/sessions')
export class SessionsController {
  constructor(
    @Inject(SessionsService) private readonly sessions: SessionsService,
    @Inject(CreationRequests) private readonly creations: CreationRequests,
    @Inject(AttemptsService) private readonly attempts: AttemptsService,
    @Inject(CodeAnswers) private readonly answers: CodeAnswers,
    @Inject(CodeWaiter) private readonly waiter: CodeWaiter,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Create a session',
    description:
      'Asks iDenfy for the first code. The answer holds the code, unless `reveal` is false or iDenfy has not answered yet (202).',
  })
  @RequireScope('sessions')
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'At most 255 characters; kept for 24 hours.' })
  @ApiAnswers(
    {
      201: [
        CreatedSessionResponse,
        'The session with its code. With status `identification-required` there is no code.',
      ],
      202: [CreatedSessionResponse, 'Accepted; iDenfy has not answered yet and the session goes on by itself.'],
    },
    [
      'invalid-request',
      'idempotency-mismatch',
      'idempotency-in-flight',
      'subject-locked',
      'scan-ref-not-found',
      'not-eligible',
      'provider-rejected',
    ],
  )
  async create(
    @Body() body: CreateSessionDto,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    if (key !== undefined && !isPlainText(key, 1, 255)) {
      throw invalid([{ field: 'Idempotency-Key', message: 'must have 1 to 255 characters' }]);
    }
    return send(
      reply,
      await this.creations.handle(
        body,
        chosenPlatform(principal, body.platform, defaultPlatform),
        actorOf(principal),
        key ?? null,
      ),
    );
  }

  @Get()
  @ApiOperation({ summary: 'List sessions', description: 'Newest first, never with a code.' })
  @RequireScope('sessions', 'audit')
  @ApiAnswers({ 200: [SessionPageResponse, 'One page.'] }, ['invalid-request', 'overloaded'])
  list(@Query() query: ListSessionsDto, @CurrentReach() reach: Reach): Promise<SessionPage> {
    return this.sessions.list(query, reach);
  }

  @Get(':id')
  @ApiOperation({
    summary: 'Get a session',
    description:
      "The answer never holds a code. A client token gets the user's view: `UserSessionResponse`. Only keys with the scope `sessions` see `identification`.",
  })
  @RequireScopeOrClientToken('sessions', 'audit')
  @ApiAnswers({ 200: [[SessionResponse, UserSessionResponse], 'The session.'] }, ['not-found'])
  async get(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<SessionView | UserSession> {
    return sessionFor(principal, (await this.sessions.find(id, reachOf(principal))) ?? refuse('not-found'));
  }

  @Post(':id/code')
  @ApiOperation({ summary: 'Reveal the live code', description: 'May be repeated while the code is live.' })
  @HttpCode(200)
  @RequireScopeOrClientToken('sessions')
  @ApiAnswers({ 200: [CodeResponse, 'The code, address or token, depending on the channels of the session.'] }, [
    'not-found',
    'session-closed',
    'no-live-code',
  ])
  async code(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<CodeResponse> {
    const revealed = isId('ses', id)
      ? await this.attempts.reveal(id, reachOf(principal), actorOf(principal))
      : 'not-found';
    if (typeof revealed === 'string') return refuse(revealed);
    const { attempt, secret } = revealed;
    return { attemptId: attempt.id, ...secret, expiresAt: attempt.expiresAt?.toISOString() ?? '' };
  }

  @Post(':id/attempts')
  @ApiOperation({ summary: 'Request a new code', description: 'A code that is still live becomes void first.' })
  @RequireScope('sessions')
  @ApiAnswers(
    {
      201: [SessionResponse, 'The session with its new code.'],
      202: [SessionResponse, 'Accepted; iDenfy has not answered yet.'],
    },
    [
      'invalid-request',
      'not-found',
      'session-closed',
      'attempts-exhausted',
      'subject-locked',
      'scan-ref-not-found',
      'not-eligible',
      'provider-rejected',
    ],
  )
  @ApiBody({ type: NewAttemptDto, required: false })
  async newAttempt(
    @Param('id') id: string,
    @Body() body: NewAttemptDto,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    if (!isId('ses', id)) return refuse('not-found');
    const actor = actorOf(principal);
    let waiting: ReturnType<CodeWaiter['expect']> | undefined;
    try {
      const asked = await this.attempts.requestNew(id, reachOf(principal), actor, (attemptId) => {
        waiting?.forget();
        waiting = this.waiter.expect(attemptId);
      });
      if (typeof asked === 'string') return refuse(asked);
      if ('lockedForSeconds' in asked)
        throw new Problem('subject-locked', { retryAfterSeconds: asked.lockedForSeconds });
      const { attemptId } = asked;
      const question = { sessionId: id, attemptId, reveal: body.reveal, actor };
      return send(reply, await this.answers.answer(question, waiting?.settled ?? Promise.resolve()));
    } finally {
      waiting?.forget();
    }
  }

  @Post(':id/cancel')
  @ApiOperation({ summary: 'Cancel a session', description: 'Ends it. A live code becomes void.' })
  @HttpCode(200)
  @RequireScope('sessions')
  @ApiAnswers({ 200: [SessionResponse, 'The session.'] }, ['not-found', 'session-closed'])
  async cancel(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<SessionView> {
    const reach = reachOf(principal);
    const canceled = isId('ses', id) ? await this.attempts.cancel(id, reach, actorOf(principal)) : 'not-found';
    if (canceled !== 'canceled') return refuse(canceled);
    return (await this.sessions.find(id, reach)) ?? refuse('not-found');
  }
}

function refuse(code: ProblemCode): never {
  throw new Problem(code);
}

function send(reply: FastifyReply, answer: RememberedAnswer): SessionView {
  if (answer.kind === 'problem') throw new Problem(answer.code, answer.extras);
  void reply.status(answer.status);
  return answer.body as SessionView;
}
