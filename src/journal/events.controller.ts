import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { AuditedRead, auditors } from '../http/audited-read.js';
import { CurrentReach } from '../http/principal.js';
import { RequireScope } from '../http/scopes.js';
import { ListEventsDto } from './events.dto.js';
import { EventPageResponse } from './events.responses.js';
import { EventsService } from './events.service.js';

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
  @AuditedRead('events.list', { by: auditors, polled: true })
  @ApiAnswers({ 200: [EventPageResponse, 'Events in order of position.'] }, ['invalid-request'])
  list(@Query() query: ListEventsDto, @CurrentReach() reach: Reach): Promise<EventPageResponse> {
    return this.events.read(query, reach);
  }
}
