import { ApiProperty } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsInstant } from '../http/instant.js';
import { PageQueryDto } from '../http/page-query.dto.js';
import { OneOf, PlainText } from '../http/validation.js';
import { type WebhookState, webhookStates } from './reading.js';

export class ListWebhooksDto extends PageQueryDto {
  @ApiProperty({ required: false, enum: webhookStates })
  @IsOptional()
  @OneOf(webhookStates)
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
}
