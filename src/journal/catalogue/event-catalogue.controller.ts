import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswers } from '../../http/api-answers.js';
import { Public } from '../../http/scopes.js';
import { catalogueVersion, describedTypes, eventCatalogue, eventExample, eventSchema } from './event-catalogue.js';
import { EventTypesResponse } from './event-catalogue.responses.js';

@ApiTags('events')
@Controller('v1/event-types')
export class EventCatalogueController {
  /** The catalogue of events: what can be received, with a JSON Schema (2020-12) and an example for each type. */
  @Get()
  @Public()
  @ApiAnswers({ 200: [EventTypesResponse, 'Every type.'] }, [], [])
  list(): EventTypesResponse {
    const data = describedTypes.map((type) => ({
      type,
      since: eventCatalogue[type].since,
      summary: eventCatalogue[type].summary,
      schema: eventSchema(type),
      example: eventExample(type),
    }));
    return { version: catalogueVersion, data };
  }
}
