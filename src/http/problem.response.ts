import { ApiProperty } from '@nestjs/swagger';
import { type ProblemCode, problems } from '../core/errors.js';

class FieldErrorResponse {
  @ApiProperty()
  field!: string;

  @ApiProperty()
  message!: string;
}

/** RFC 9457, as application/problem+json. */
export class ProblemResponse {
  @ApiProperty({ description: 'A page that explains the problem.', example: '/problems/not-found' })
  type!: string;

  @ApiProperty()
  title!: string;

  @ApiProperty()
  status!: number;

  @ApiProperty({ enum: Object.keys(problems) })
  code!: ProblemCode;

  @ApiProperty()
  detail!: string;

  @ApiProperty()
  requestId!: string;

  @ApiProperty({ required: false, description: 'The session that the refused request has created.' })
  sessionId?: string;

  @ApiProperty({ required: false, type: [FieldErrorResponse] })
  errors?: FieldErrorResponse[];
}
