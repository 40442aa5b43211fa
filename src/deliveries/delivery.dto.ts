import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, registerDecorator } from 'class-validator';
import { parseInstant } from '../http/instant.js';
import { PageQueryDto } from '../http/page-query.dto.js';
import { type DeliveryState, deliveryStates } from './deliveries.store.js';
import { OneOf } from '../http/validation.js';

export class ListDeliveriesDto extends PageQueryDto {
  @ApiProperty({ required: false, enum: deliveryStates })
  @IsOptional()
  @OneOf(deliveryStates)
  state?: DeliveryState;
}

const isPosition = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

const TimeOrPosition = (): PropertyDecorator => (target, property) =>
  registerDecorator({
    name: 'timeOrPosition',
    target: target.constructor,
    propertyName: property as string,
    options: { message: 'must be an ISO 8601 time or a position of the journal' },
    validator: { validate: (value) => parseInstant(value) !== null || isPosition(value) },
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
