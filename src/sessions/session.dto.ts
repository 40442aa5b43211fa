import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsInt,
  IsIP,
  IsObject,
  IsOptional,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { defaultRetryCauses, retryCauses, type RetryCause } from '../attempts/outcome.js';
import { type Channel, channels } from '../attempts/rows.js';
import { type SessionStatus, sessionStatuses } from '../attempts/states.js';
import { locales } from '../idenfy/contract.js';
import { PageQueryDto } from '../http/page-query.dto.js';
import { EachOneOf, OneOf, PlainText, TextMap, IsOnePlatform } from '../http/validation.js';
import { IfPresent } from '../http/if-present.js';
import { IsInstant } from '../http/instant.js';

/** Converts a locale to iDenfy's spelling: `zh-TW` becomes `zh_tw`. */
const asIdenfyLocale = (value: unknown): unknown =>
  typeof value === 'string' ? value.toLowerCase().replaceAll('-', '_') : value;

export class InitiatorDto {
  @ApiProperty({ required: false, format: 'ip', description: 'Address of the user on your platform.' })
  @IfPresent()
  @IsIP(undefined, { message: 'must be an IPv4 or IPv6 address' })
  ip?: string;

  @ApiProperty({ required: false, maxLength: 1000 })
  @IfPresent()
  @PlainText(0, 1000)
  userAgent?: string;
}

export class CreateSessionDto {
  @ApiProperty({
    minLength: 1,
    maxLength: 64,
    description: "iDenfy's reference of an earlier successful verification.",
    example: '8df398bb-7340-11ee-9aec-0221b1f59063',
  })
  @PlainText(1, 64)
  scanRef!: string;

  @ApiProperty({ required: false, maxLength: 200, description: 'Yours; returned as it is.', example: 'order-4711' })
  @IfPresent()
  @PlainText(1, 200)
  reference?: string;

  @ApiProperty({
    required: false,
    enum: locales,
    example: 'en',
    description:
      "Language of iDenfy's pages. Letter case does not matter, and `-` counts as `_`; the session returns the spelling of this list.",
  })
  @IfPresent()
  @Transform(({ value }: { value: unknown }) => asIdenfyLocale(value))
  @OneOf(locales)
  locale?: string;

  @ApiProperty({
    required: false,
    isArray: true,
    enum: channels,
    default: ['code'],
    description:
      'How the user gets there: `code` digits for the iDenfy app, `web` an address for a redirect or iframe, `sdk` a token for iDenfy’s SDKs.',
  })
  @IfPresent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @EachOneOf(channels)
  channels: Channel[] = ['code'];

  @ApiProperty({ required: false, minimum: 60, maximum: 2_592_000, default: 1800, description: 'Seconds.' })
  @IfPresent()
  @IsInt()
  @Min(60)
  @Max(2_592_000)
  codeLifetimeSeconds: number = 1800;

  @ApiProperty({ required: false, minimum: 1, maximum: 5, default: 3, description: 'Capped by the limits profile.' })
  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(5)
  maxAttempts: number = 3;

  @ApiProperty({
    required: false,
    isArray: true,
    enum: retryCauses,
    default: defaultRetryCauses,
    description:
      'Outcomes after which a new code is issued by itself. After the others the session stays active without a live code until POST /v1/sessions/{id}/attempts asks for one.',
  })
  @IfPresent()
  @IsArray()
  @ArrayUnique()
  @EachOneOf(retryCauses)
  retryOn: RetryCause[] = [...defaultRetryCauses];

  @ApiProperty({
    required: false,
    minimum: 300,
    maximum: 2_592_000,
    default: 86_400,
    description: 'Seconds; afterwards no new code is issued, and a session without a live code ends.',
  })
  @IfPresent()
  @IsInt()
  @Min(300)
  @Max(2_592_000)
  sessionLifetimeSeconds: number = 86_400;

  @ApiProperty({
    required: false,
    default: true,
    description: 'false: the code is not in the answer; fetch it with POST /v1/sessions/{id}/code.',
  })
  @IfPresent()
  @IsBoolean()
  reveal: boolean = true;

  @ApiProperty({ required: false, type: InitiatorDto, description: 'Who asked on your platform.' })
  @IfPresent()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => InitiatorDto)
  initiator?: InitiatorDto;

  @ApiProperty({
    required: false,
    type: Object,
    additionalProperties: { type: 'string', maxLength: 500 },
    description:
      'At most 20 texts of your own. Names: 1 to 100 characters without control characters. Values: any text without U+0000; line breaks are kept.',
  })
  @IfPresent()
  @TextMap(20, 100, 500)
  metadata: Record<string, string> = {};

  @ApiProperty({
    required: false,
    pattern: '^[a-z0-9-]{1,64}$',
    description:
      'The platform that the session belongs to. Only an API key of all platforms may choose (default `main`). Other keys create sessions of their own platform.',
  })
  @IfPresent()
  @IsOnePlatform()
  platform?: string;
}

export class NewAttemptDto {
  @ApiProperty({ required: false, default: true })
  @IfPresent()
  @IsBoolean()
  reveal: boolean = true;
}

export class ListSessionsDto extends PageQueryDto {
  @ApiProperty({ required: false, enum: sessionStatuses })
  @IsOptional()
  @OneOf(sessionStatuses)
  status?: SessionStatus;

  @ApiProperty({ required: false })
  @IsOptional()
  @PlainText(1, 64)
  scanRef?: string;

  @ApiProperty({ required: false })
  @IsOptional()
  @PlainText(1, 200)
  reference?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Created at or after.' })
  @IsOptional()
  @IsInstant()
  createdAfter?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Created before.' })
  @IsOptional()
  @IsInstant()
  createdBefore?: string;
}
