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

  @ApiProperty({ description: 'The signed note (C2SP tlog-checkpoint), as `text/plain` has it.' })
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

  @ApiProperty({ example: 'facecode.local/journal+1a2b3c4d+ASXD…', description: 'The key as C2SP tools take it.' })
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
      'Root of the tree as it is: of the newest checkpoint, or of a tree made from the events if that is not it.',
  })
  root!: string;

  @ApiProperty({ type: 'number', nullable: true })
  firstBadPosition!: number | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    enum: [...faultReasons, null],
    description:
      '`event`: it is not what was sealed; `mac`: this service has not recorded it like this; `gap`, `truncated`: it is ' +
      'gone; `checkpoint`: events and tree were rewritten somewhere from that position on; `tree`: the stored tree is ' +
      'damaged; `signature`: a checkpoint is not ours; `outside`: a checkpoint outside the database says something else.',
  })
  reason!: string | null;

  @ApiProperty({
    example: '7, 9-12',
    description: 'Positions of events that are gone or not as they were recorded; without those set aside before.',
  })
  badPositions!: string;

  @ApiProperty({
    type: [String],
    description: 'Ids of events that wait to be sealed and were not recorded by the service.',
  })
  badEvents!: string[];

  @ApiProperty({ enum: ['on', 'stopped'], description: '`stopped` until an operator accepts the journal.' })
  sealing!: 'on' | 'stopped';
}
