import { ApiProperty } from '@nestjs/swagger';
import { type EventType, eventTypes } from '../event-types.js';

class EventTypeResponse {
  @ApiProperty({ enum: eventTypes })
  type!: EventType;

  @ApiProperty({ minimum: 1, description: 'Version of the catalogue that it came with.' })
  since!: number;

  @ApiProperty()
  summary!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'JSON Schema of the whole event.' })
  schema!: object;

  @ApiProperty({ type: 'object', additionalProperties: true })
  example!: object;
}

export class EventTypesResponse {
  @ApiProperty({ minimum: 1, description: 'Goes up when types or members are added; none are ever taken away.' })
  version!: number;

  @ApiProperty({ type: [EventTypeResponse] })
  data!: EventTypeResponse[];
}
