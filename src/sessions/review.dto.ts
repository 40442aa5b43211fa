import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';
import { PageQueryDto } from '../http/page-query.dto.js';
import { OneOf, PlainText } from '../http/validation.js';

export class ReviewDto {
  @ApiProperty({ enum: ['pass', 'fail'] })
  @OneOf(['pass', 'fail'])
  decision!: 'pass' | 'fail';

  @ApiProperty({ minLength: 1, maxLength: 1000, description: 'Why; kept in the journal as personal data.' })
  @PlainText(1, 1000)
  note!: string;
}

export class ReviewNoteDto {
  @ApiProperty({ minLength: 1, maxLength: 1000, description: 'Kept in the journal as personal data.' })
  @PlainText(1, 1000)
  note!: string;
}

const texts = new Map<unknown, unknown>([
  ['true', true],
  ['false', false],
]);

export class ListReviewsDto extends PageQueryDto {
  @ApiProperty({
    required: false,
    description: 'Only those that a reviewer has claimed, or only those that nobody has.',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => texts.get(value) ?? value)
  @IsBoolean({ message: 'must be true or false' })
  claimed?: boolean;
}
