import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIP, IsOptional } from 'class-validator';
import { type AttemptState, attemptStates } from '../attempts/states.js';
import type { Signal } from '../config/read-signals.js';
import { IsInstant } from '../http/instant.js';
import { PageQueryDto } from '../http/page-query.dto.js';
import { OneOf, PlainText } from '../http/validation.js';
import { type FinalStatus, finalStatuses } from '../idenfy/contract.js';
import { allSignals } from '../risk/rules.js';
import { type Bucket, buckets } from './summary-window.js';

export class SearchAttemptsDto extends PageQueryDto {
  @ApiProperty({ required: false, enum: attemptStates })
  @IsOptional()
  @OneOf(attemptStates)
  state?: AttemptState;

  @ApiProperty({ required: false, enum: finalStatuses, description: 'In upper or lower case.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toUpperCase() : value))
  @OneOf(finalStatuses)
  outcome?: FinalStatus;

  @ApiProperty({
    required: false,
    example: 'FACE_MISMATCH',
    description: 'Exactly as iDenfy gave it. Any text is accepted, because iDenfy may add reasons.',
  })
  @IsOptional()
  @PlainText(1, 255)
  failReason?: string;

  @ApiProperty({ required: false, enum: allSignals, description: 'A signal that was raised on the attempt.' })
  @IsOptional()
  @OneOf(allSignals)
  signal?: Signal;

  @ApiProperty({ required: false })
  @IsOptional()
  @PlainText(1, 64)
  scanRef?: string;

  @ApiProperty({
    required: false,
    format: 'ip',
    description:
      'Exactly this address, of the initiator or of the selfie; however it is written (IPv4 inside IPv6 is the IPv4 address). Subjects that were erased are not found by it any more.',
  })
  @IsOptional()
  @IsIP(undefined, { message: 'must be an IPv4 or IPv6 address' })
  ip?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Requested at or after.' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Requested before.' })
  @IsOptional()
  @IsInstant()
  to?: string;
}

export class SummaryDto {
  @ApiProperty({
    required: false,
    format: 'date-time',
    description: 'Requested at or after; by default 24 hours (`hour`) or 30 days (`day`) before `to`.',
  })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Requested before; by default now.' })
  @IsOptional()
  @IsInstant()
  to?: string;

  @ApiProperty({ required: false, enum: buckets, default: 'day', description: 'Hours or days of UTC; at most 1000.' })
  @IsOptional()
  @OneOf(buckets)
  bucket: Bucket = 'day';
}
