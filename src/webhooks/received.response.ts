import { ApiProperty } from '@nestjs/swagger';

export class ReceivedResponse {
  @ApiProperty({ enum: [true] })
  received!: true;

  @ApiProperty({ required: false, enum: [true], description: 'The same body was received before.' })
  duplicate?: true;

  @ApiProperty({
    required: false,
    enum: [true],
    description:
      'The body is JSON but not a result, such as the test message of the dashboard. Sending it again changes nothing.',
  })
  quarantined?: true;
}
