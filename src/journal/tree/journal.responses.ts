import { ApiProperty } from '@nestjs/swagger';
import { faultReasons } from './inconsistency.js';

const base64 = { type: 'string', example: 'KSu7Eik+U3BSdLVSXWgM6NWBUyYyYqK8WgvvWOCCYbk=' } as const;

export class CheckpointResponse {
  @ApiProperty({ description: 'Name of the journal (JOURNAL_ORIGIN).' })
  origin!: string;

  @ApiProperty({ description: 'Number of sealed events.' })
  size!: number;

  @ApiProperty({ ...base64, description: 'Root of the RFC 6962 tree, base64.' })
  root!: string;

  @ApiProperty({ description: 'The signed note (C2SP tlog-checkpoint), the same as with `text/plain`.' })
  checkpoint!: string;

  @ApiProperty({ description: 'PEM of the Ed25519 key.' })
  publicKey!: string;

  @ApiProperty({ description: 'First four bytes of SHA-256 over name, newline, 0x01 and key (C2SP signed-note), hex.' })
  keyId!: string;
}

export class JournalKeyResponse {
  @ApiProperty()
  origin!: string;

  @ApiProperty()
  keyId!: string;

  @ApiProperty({
    example: 'facecode.local/journal+1a2b3c4d+ASXD…',
    description: 'The key in the form that C2SP tools read.',
  })
  verifierKey!: string;

  @ApiProperty({ description: 'PEM.' })
  publicKey!: string;
}

export class InclusionProofResponse {
  @ApiProperty()
  eventId!: string;

  @ApiProperty({ minimum: 1 })
  position!: number;

  @ApiProperty({ minimum: 0, description: 'Position less one.' })
  leafIndex!: number;

  @ApiProperty({
    ...base64,
    description: 'SHA-256 of 0x00 and the RFC 8785 form of the event without `personal`, base64.',
  })
  leafHash!: string;

  @ApiProperty()
  treeSize!: number;

  @ApiProperty(base64)
  root!: string;

  @ApiProperty({ type: [String], description: 'PATH of RFC 6962 2.1.1, from the leaf up, base64.' })
  hashes!: string[];

  @ApiProperty({ description: 'The signed note of that tree.' })
  checkpoint!: string;
}

export class ConsistencyProofResponse {
  @ApiProperty()
  from!: number;

  @ApiProperty()
  to!: number;

  @ApiProperty(base64)
  fromRoot!: string;

  @ApiProperty(base64)
  toRoot!: string;

  @ApiProperty({ type: [String], description: 'PROOF of RFC 6962 2.1.2, base64; empty when `from` is 0 or `to`.' })
  hashes!: string[];
}

export class VerificationResponse {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ description: 'Number of sealed events.' })
  size!: number;

  @ApiProperty({
    ...base64,
    description:
      'Root of the tree as it is now. This is the root of the newest checkpoint, if the stored tree fits it. Otherwise it is the root of a tree made from the events.',
  })
  root!: string;

  @ApiProperty({ type: 'number', nullable: true })
  firstBadPosition!: number | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    enum: [...faultReasons, null],
    description:
      'What is wrong at `firstBadPosition`. `event`: the event is not the one that was sealed; `mac`: the service has not ' +
      'recorded the event like this; `gap`, `truncated`: the event is missing; `checkpoint`: events and tree were ' +
      'rewritten somewhere from that position on; `tree`: the stored tree is damaged; `signature`: a checkpoint does not ' +
      'have our signature; `outside`: a checkpoint outside the database contradicts the journal.',
  })
  reason!: string | null;

  @ApiProperty({
    example: '7, 9-12',
    description: 'Positions of events that are missing or were changed, without those that were set aside before.',
  })
  badPositions!: string;

  @ApiProperty({
    type: [String],
    description: 'Ids of events that wait to be sealed and that the service has not recorded.',
  })
  badEvents!: string[];

  @ApiProperty({
    enum: ['on', 'stopped'],
    description: '`stopped`: nothing is sealed until an operator accepts the journal.',
  })
  sealing!: 'on' | 'stopped';
}
