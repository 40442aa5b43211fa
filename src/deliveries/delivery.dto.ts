import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, isISO8601, IsOptional, Max, Min, registerDecorator } from 'class-validator';
import { PlainText } from '../http/validation.js';
import { type DeliveryState, deliveryStates } from './deliveries.store.js';

export class ListDeliveriesDto {
  @ApiProperty({ required: false, enum: deliveryStates })
  @IsOptional()
  @IsIn(deliveryStates, { message: `must be one of ${deliveryStates.join(', ')}` })
  state?: DeliveryState;

  @ApiProperty({ required: false, minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  @ApiProperty({ required: false, description: '`nextCursor` of the page before.' })
  @IsOptional()
  @PlainText(1, 200)
  cursor?: string;
}

const isPosition = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isTime = (value: unknown): boolean => typeof value === 'string' && isISO8601(value, { strict: true });

const TimeOrPosition = (): PropertyDecorator => (target, property) =>
  registerDecorator({
    name: 'timeOrPosition',
    target: target.constructor,
    propertyName: property as string,
    options: { message: 'must be an ISO 8601 time or a position of the journal' },
    validator: { validate: (value) => isTime(value) || isPosition(value) },
  });

export class RecoverDto {
  @ApiProperty({
    oneOf: [
      { type: 'string', format: 'date-time' },
      { type: 'integer', minimum: 0 },
    ],
    example: '2026-01-31T12:00:00.000Z',
    description:
      'A time: events that happened then or later. A position: events behind it, as `after` of GET /v1/events.',
  })
  @TimeOrPosition()
  since!: string | number;
}
