import { ApiProperty } from '@nestjs/swagger';
import type { Actor } from '../core/actor.js';
import { PlainText } from '../http/validation.js';
import type { ErasedKind, ErasureCertificate, KeptKind } from './certificate.js';

export class LegalHoldDto {
  @ApiProperty({ minLength: 1, maxLength: 500, description: 'Why, for example the number of the case.' })
  @PlainText(1, 500)
  reason!: string;
}

export class LegalHoldResponse {
  @ApiProperty()
  scanRef!: string;

  @ApiProperty()
  reason!: string;

  @ApiProperty({ description: 'Id of the API key.' })
  placedBy!: string;

  @ApiProperty({ format: 'date-time' })
  placedAt!: string;
}

class ErasedKindResponse implements ErasedKind {
  @ApiProperty({ example: 'bodies of received webhooks' })
  what!: string;

  @ApiProperty({ example: 'webhooks.body_sealed', description: 'Tables and columns.' })
  where!: string;

  @ApiProperty()
  count!: number;

  @ApiProperty({ enum: ['key destroyed', 'removed'] })
  how!: ErasedKind['how'];
}

class KeptKindResponse implements KeptKind {
  @ApiProperty({ example: 'journal events without their personal data' })
  what!: string;

  @ApiProperty({ example: 'events.data, events.personal_digest', description: 'Tables and columns.' })
  where!: string;

  @ApiProperty()
  count!: number;

  @ApiProperty({ description: 'Why it stays.' })
  why!: string;
}

class SignatureResponse {
  @ApiProperty({ enum: ['Ed25519'] })
  algorithm!: 'Ed25519';

  @ApiProperty({ description: 'PEM of the key that also signs the checkpoints of the journal.' })
  publicKey!: string;

  @ApiProperty({ description: 'Base64; over the RFC 8785 form of the certificate without `signature`.' })
  value!: string;
}

export class ErasureCertificateResponse implements ErasureCertificate {
  @ApiProperty({ enum: ['facecode-erasure-certificate'] })
  kind!: 'facecode-erasure-certificate';

  @ApiProperty({ enum: [2] })
  version!: 2;

  @ApiProperty()
  scanRef!: string;

  @ApiProperty({ format: 'date-time' })
  erasedAt!: string;

  @ApiProperty({ type: 'object', properties: { kind: { type: 'string' }, id: { type: 'string' } } })
  requestedBy!: Actor;

  @ApiProperty({ description: 'How many sessions the subject had.' })
  sessions!: number;

  @ApiProperty({ description: '0 when the subject had been erased before.' })
  keysDestroyed!: number;

  @ApiProperty({
    type: [ErasedKindResponse],
    description: 'Every place that was emptied, even if nothing was there.',
  })
  erased!: ErasedKindResponse[];

  @ApiProperty({
    type: [KeptKindResponse],
    description: 'Every other place where the subject occurs, and why it stays.',
  })
  kept!: KeptKindResponse[];

  @ApiProperty({ type: [String], description: 'What the service cannot look at, such as backups.' })
  outside!: string[];

  @ApiProperty({
    type: [String],
    description: 'Ids of the endpoints that had received events of the subject; `subject.erased` goes to each of them.',
  })
  endpoints!: string[];

  @ApiProperty({ type: SignatureResponse })
  signature!: SignatureResponse;
}
