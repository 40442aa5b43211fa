import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, IsInt, IsOptional, Max, Min } from 'class-validator';
import { EachOneOf, PlainText } from '../http/validation.js';
import { type EventType, eventTypes } from '../journal/event-types.js';

class StreamFromDto {
  @ApiProperty({ required: false, minimum: 0, default: 0, description: 'Position after which to begin.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  @ApiProperty({
    required: false,
    minimum: 0,
    description: 'What the header `Last-Event-ID` says, for readers that cannot send it; goes before `after`.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  lastEventId?: number;
}

export class SessionStreamDto extends StreamFromDto {
  @ApiProperty({
    required: false,
    description: 'The client token of the session, for `EventSource`, which sends no `Authorization`.',
  })
  @IsOptional()
  @PlainText(1, 200)
  token?: string;
}

export class EventStreamDto extends StreamFromDto {
  @ApiProperty({
    required: false,
    isArray: true,
    enum: eventTypes,
    description: 'Only these; repeat or separate by commas.',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) =>
    [value].flat().flatMap((item) => (typeof item === 'string' ? item.split(',') : [item])),
  )
  @ArrayMaxSize(50)
  @EachOneOf(eventTypes)
  type?: EventType[];

  @ApiProperty({ required: false, description: 'Only of this session. The stream does not end with it.' })
  @IsOptional()
  @PlainText(1, 64)
  sessionId?: string;
}
