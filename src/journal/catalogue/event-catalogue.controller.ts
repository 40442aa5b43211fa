import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAnswers } from '../../http/api-answers.js';
import { Public } from '../../http/scopes.js';
import { catalogueVersion, describedTypes, eventCatalogue, eventExample, eventSchema } from './event-catalogue.js';
import { EventTypesResponse } from './event-catalogue.responses.js';

@ApiTags('events')
@Controller('v1/event-types')
export class EventCatalogueController {
  @Get()
  @ApiOperation({
    summary: 'List event types',
    description: 'The complete catalogue: each type with a JSON Schema (2020-12) and an example.',
  })
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
