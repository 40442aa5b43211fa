import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { actorOf, CurrentPrincipal, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { ListEventsDto } from './events.dto.js';
import { EventPageResponse } from './events.responses.js';
import { EventsService, waitingPollsPerKey } from './events.service.js';

const retryAfterSeconds = 2;
const tooManyWaiting = `This API key has ${waitingPollsPerKey} requests with \`wait\` waiting on this process, and may have no more. Let one of them end first.`;

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
  async list(@Query() query: ListEventsDto, @CurrentPrincipal() principal: Principal): Promise<EventPageResponse> {
    const page = await this.events.read(query, reachOf(principal), actorOf(principal).id);
    if (page === 'too-many-waiting') throw new Problem('rate-limited', { retryAfterSeconds, detail: tooManyWaiting });
    return page;
  }
}
