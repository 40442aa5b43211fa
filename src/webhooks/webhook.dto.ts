import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsInstant } from '../http/instant.js';
import { PlainText } from '../http/validation.js';
import { type WebhookState, webhookStates } from './reading.js';

export class ListWebhooksDto {
  @ApiProperty({ required: false, enum: webhookStates })
  @IsOptional()
  @IsIn(webhookStates, { message: `must be one of ${webhookStates.join(', ')}` })
  state?: WebhookState;

  @ApiProperty({ required: false, description: "iDenfy's token; compared by its digest, and in no answer." })
  @IsOptional()
  @PlainText(1, 255)
  token?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Received at or after.' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Received before.' })
  @IsOptional()
  @IsInstant()
  to?: string;

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
