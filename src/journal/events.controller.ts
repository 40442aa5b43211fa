import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { actorOf, CurrentPrincipal, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { ListEventsDto } from './events.dto.js';
import { EventPageResponse } from './events.responses.js';
import { EventsService } from './events.service.js';

const retryAfterSeconds = 2;
const tooManyWaiting =
  'This API key has too many requests with `wait` open on this process (500 at most). Let one of them end first.';

@ApiTags('events')
@ApiBearerAuth()
@Controller('v1/events')
export class EventsController {
  constructor(@Inject(EventsService) private readonly events: EventsService) {}

  @Get()
  @ApiOperation({
    summary: 'Read events',
    description:
      'Reads the events after a position. To continue, set `after` to the `lastPosition` of the last answer.',
  })
  @RequireScope('audit', 'endpoints')
  @ApiAnswers({ 200: [EventPageResponse, 'Events in order of position.'] }, ['invalid-request'])
  async list(
    @Query() query: ListEventsDto,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventPageResponse> {
    // A client that has hung up must not keep one of the places of its key.
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const page = await this.events.read(query, reachOf(principal), actorOf(principal).id, gone.signal);
    if (page === 'too-many-waiting') throw new Problem('rate-limited', { retryAfterSeconds, detail: tooManyWaiting });
    return page;
  }
}
