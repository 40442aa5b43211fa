import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsInt,
  Max,
  Min,
  registerDecorator,
} from 'class-validator';
import { IfPresent } from '../http/if-present.js';
import { PageQueryDto } from '../http/page-query.dto.js';
import { PlainText, IsPlatform } from '../http/validation.js';
import { eventTypes } from '../journal/event-types.js';
import { isEventPattern } from './event-filter.js';

/** Names of event types, `attempt.*` for all of one kind, `*` for all. */
const EventPatterns = (): PropertyDecorator => (target, property) =>
  registerDecorator({
    name: 'eventPatterns',
    target: target.constructor,
    propertyName: property as string,
    options: {
      message: `each must be *, a kind such as attempt.*, or one of ${eventTypes.join(', ')}`,
    },
    validator: { validate: (value) => Array.isArray(value) && value.every((item) => isEventPattern(item)) },
  });

const eventTypesDescription = `Which events it gets: names, all of a kind such as \`attempt.*\`, or \`*\`. Without it, all. Names: ${eventTypes.join(', ')}.`;
const urlDescription =
  'https, and every address of the host must be public unicast or among EGRESS_ALLOW (http only there). No credentials in it. Redirects are not followed.';

export class CreateEndpointDto {
  @ApiProperty({ format: 'uri', maxLength: 2048, example: 'https://example.com/facecode', description: urlDescription })
  @PlainText(1, 2048)
  url!: string;

  @ApiProperty({
    required: false,
    type: [String],
    example: ['attempt.*', 'session.passed'],
    description: eventTypesDescription,
  })
  @IfPresent()
  @EventPatterns()
  @ArrayUnique()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @IsArray()
  eventTypes?: string[];

  @ApiProperty({ required: false, maxLength: 500 })
  @IfPresent()
  @PlainText(0, 500)
  description?: string;

  @ApiProperty({
    required: false,
    description:
      'The platform whose events the endpoint receives; `*`: all platforms. Only an API key of all platforms may choose (default `*`). Other keys create endpoints of their own platform.',
  })
  @IfPresent()
  @IsPlatform()
  platform?: string;
}

export class ChangeEndpointDto {
  @ApiProperty({ required: false, format: 'uri', maxLength: 2048, description: urlDescription })
  @IfPresent()
  @PlainText(1, 2048)
  url?: string;

  @ApiProperty({ required: false, type: [String], description: eventTypesDescription })
  @IfPresent()
  @EventPatterns()
  @ArrayUnique()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @IsArray()
  eventTypes?: string[];

  @ApiProperty({ required: false, maxLength: 500 })
  @IfPresent()
  @PlainText(0, 500)
  description?: string;

  @ApiProperty({
    required: false,
    description:
      'true: nothing more is sent, what is pending waits, and events that happen meanwhile are not for it (`recover` gets them). false: it is enabled again, and what waits comes slowly at first.',
  })
  @IfPresent()
  @IsBoolean()
  disabled?: boolean;
}

export class ListEndpointsDto extends PageQueryDto {}

export class RotateSecretDto {
  @ApiProperty({
    required: false,
    minimum: 0,
    maximum: 604_800,
    default: 86_400,
    description: 'For so long the old secret signs beside the new one; 0: no more.',
  })
  @IfPresent()
  @IsInt()
  @Min(0)
  @Max(604_800)
  overlapSeconds: number = 86_400;
}
