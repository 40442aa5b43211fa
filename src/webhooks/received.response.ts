import { ApiProperty } from '@nestjs/swagger';

export class ReceivedResponse {
  @ApiProperty({ enum: [true] })
  received!: true;

  @ApiProperty({ required: false, enum: [true], description: 'The same body was received before.' })
  duplicate?: true;
}
