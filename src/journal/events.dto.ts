import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { EachOneOf, PlainText } from '../http/validation.js';
import { type EventType, eventTypes } from './event-types.js';

export class ListEventsDto {
  @ApiProperty({ required: false, minimum: 0, default: 0, description: 'Position after which to read.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after: number = 0;

  @ApiProperty({ required: false, minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;

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

  @ApiProperty({ required: false, description: 'Only of this session.' })
  @IsOptional()
  @PlainText(1, 64)
  sessionId?: string;

  @ApiProperty({
    required: false,
    minimum: 0,
    maximum: 30,
    default: 0,
    description: 'Seconds to wait for an event when there is none.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsNumber()
  @Min(0)
  @Max(30)
  wait: number = 0;
}
