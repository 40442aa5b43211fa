import { Controller, Get, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { CurrentPrincipal, reachOf } from '../http/principal.js';
import { type RecordedRequest, takeReading } from '../http/recorded-read.js';
import { type Principal, RequireScope, RequireScopeOrClientTokenInQuery } from '../http/scopes.js';
import { invalid } from '../http/validation.js';
import { SessionEventsText } from '../sessions/session.responses.js';
import type { StreamRefusal } from './open-streams.js';
import { SessionStreams } from './session-streams.service.js';
import { sseHeaders } from './sse.js';
import { EventStreamDto, SessionStreamDto } from './stream.dto.js';
import { StreamOpening } from './stream-opening.js';

const retryAfterSeconds = 2;

const LastEventIdHeader = () =>
  ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Position of the last event that was received: exactly those after it follow.',
  });

const description =
  '`id` is the position, `event` the type, `data` the event as JSON. A comment comes every 15 s. A reader that takes nothing for 10 s is dropped.';

const messages = {
  'text/event-stream': {
    schema: { type: 'string' },
    example: 'retry: 1000\n\nid: 42\nevent: attempt.issued\ndata: {"id":"evt_…","type":"attempt.issued",…}\n\n',
  },
} as const;

@ApiTags('events')
@ApiBearerAuth()
@Controller('v1')
export class StreamsController {
  constructor(
    @Inject(SessionStreams) private readonly sessions: SessionStreams,
    @Inject(StreamOpening) private readonly streams: StreamOpening,
  ) {}

  @Get('sessions/:id/stream')
  @ApiOperation({
    summary: 'Stream the events of a session',
    description:
      "Server-sent events. The stream begins with the session's first event, or after the last one you received, and ends after its final event. A client token gets the user's view of each event: without `actor`, `platform` and `personal`, and with little of `data`. Events of checks, reviews and locks are left out, so `seq` has gaps. The token works until 15 minutes after the session's end, so that a suspended page can still resume and get the final event.",
  })
  @RequireScopeOrClientTokenInQuery('sessions', 'audit')
  @LastEventIdHeader()
  @ApiAnswers(
    {
      200: [SessionEventsText, `The events of the session. ${description}`, messages],
      204: [null, 'The session has ended and all of it was received: `EventSource` stops.'],
    },
    ['invalid-request', 'not-found', 'overloaded'],
  )
  async session(
    @Param('id') id: string,
    @Query() query: SessionStreamDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentPrincipal() principal: Principal,
    @Req() request: RecordedRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = startOf(query, lastEventId);
    const reading = takeReading(request);
    if (answersHead(request, reply)) return;
    const opened = await this.sessions.open(id, after, { principal, reading }, reply);
    if (opened === 'nothing-left') void reply.status(204).send();
    else if (opened === 'not-found') throw new Problem('not-found');
    else if (opened !== 'opened') throw problemOf(opened);
  }

  @Get('events/stream')
  @ApiOperation({
    summary: 'Stream all events',
    description:
      'Server-sent events: the whole journal, from its first event or after a position. The stream never ends by itself.',
  })
  @RequireScope('audit', 'endpoints')
  @LastEventIdHeader()
  @ApiAnswers({ 200: [null, `Events in order of position. ${description}`, messages] }, [
    'invalid-request',
    'overloaded',
  ])
  events(
    @Query() query: EventStreamDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentPrincipal() principal: Principal,
    @Req() request: RecordedRequest,
    @Res() reply: FastifyReply,
  ): void {
    const after = startOf(query, lastEventId);
    const reading = takeReading(request);
    if (answersHead(request, reply)) return;
    const interest = { reach: reachOf(principal), sessionId: query.sessionId, types: query.type };
    const opened = this.streams.overEvents(interest, after, { principal, reading }, reply);
    if (opened !== 'opened') throw problemOf(opened);
  }
}

/** A browser that comes back sends the header beside the address it began with: what was received last counts. */
function startOf({ after = 0, lastEventId: inQuery }: SessionStreamDto | EventStreamDto, header?: string): number {
  if (header === undefined || header === '') return inQuery ?? after;
  const position = /^\d{1,16}$/.test(header) ? Number(header) : Number.NaN;
  if (Number.isSafeInteger(position)) return position;
  throw invalid([{ field: 'Last-Event-ID', message: 'must be the position of an event' }]);
}

/** Who asks for the headers alone must not be kept waiting for a body. */
function answersHead(request: FastifyRequest, reply: FastifyReply): boolean {
  if (request.method !== 'HEAD') return false;
  void reply.status(200).headers(sseHeaders).send();
  return true;
}

const tooMany = (holder: string): string =>
  `This ${holder} has too many open streams on this process (at most 1,000 for an API key, 10 for a client token). Close streams that you no longer read.`;

function problemOf(refusal: StreamRefusal): Problem {
  switch (refusal) {
    case 'stopping':
      return new Problem('unavailable', { retryAfterSeconds });
    case 'too-many':
      return new Problem('overloaded', { retryAfterSeconds, detail: 'Too many streams are open (STREAMS_MAX).' });
    case 'too-many-of-key':
      return new Problem('rate-limited', { retryAfterSeconds, detail: tooMany('API key') });
    case 'too-many-of-token':
      return new Problem('rate-limited', { retryAfterSeconds, detail: tooMany('client token') });
  }
}
