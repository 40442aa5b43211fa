import { ApiProperty } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsOnePlatform, OneOf, PlainText } from '../../http/validation.js';
import { type ExportFormat, exportFormats } from './export-text.js';

export class ExportDto {
  @ApiProperty({ required: false, enum: exportFormats, default: 'ndjson' })
  @IsOptional()
  @OneOf(exportFormats)
  format: ExportFormat = 'ndjson';

  @ApiProperty({
    required: false,
    description:
      'Where it begins, inclusive: digits are a position, anything else is a time of ISO 8601 (a day, or with an offset).',
  })
  @IsOptional()
  @PlainText(1, 40)
  from?: string;

  @ApiProperty({
    required: false,
    description: 'Where it ends: a position, which is included, or a time, which is not.',
  })
  @IsOptional()
  @PlainText(1, 40)
  to?: string;

  @ApiProperty({
    required: false,
    pattern: '^[a-z0-9-]{1,64}$',
    description:
      'Only the events of this platform. An API key of one platform must name its own; without it the export is the whole journal.',
  })
  @IsOptional()
  @IsOnePlatform()
  platform?: string;
}
