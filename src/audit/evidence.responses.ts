/** The evidence file as classes, for the OpenAPI document. */
import { ApiProperty, OmitType } from '@nestjs/swagger';
import { DeliveryResponse } from '../deliveries/delivery.responses.js';
import { EventResponse } from '../journal/events.responses.js';
import { AttemptResponse, SessionResponse } from '../sessions/session.responses.js';
import type { EventProof } from './evidence-proofs.js';
import type { SignedEvidenceStatement } from './evidence-statement.js';
import { evidenceVersion } from './verify-evidence.js';

class EvidenceSessionResponse extends OmitType(SessionResponse, [
  'attempt',
  'attempts',
  'identification',
  'clientToken',
] as const) {}

class EvidenceAttemptResponse extends OmitType(AttemptResponse, ['codeHint', 'code', 'url', 'token'] as const) {}

class EventProofResponse implements EventProof {
  @ApiProperty({ minimum: 0, description: '`position` - 1.' })
  leafIndex!: number;

  @ApiProperty({ type: [String], description: 'The sibling hashes from the leaf up to the root (RFC 6962).' })
  hashes!: string[];
}

class ProvenEventResponse {
  @ApiProperty({
    type: EventResponse,
    description: 'As GET /v1/events gives it. The leaf does not include `personal`.',
  })
  event!: EventResponse;

  @ApiProperty({ type: EventProofResponse })
  proof!: EventProofResponse;
}

export class WebhookRecordResponse {
  @ApiProperty({ example: 'whk_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty({ description: 'SHA-256 (hex) of the bytes exactly as they arrived.' })
  digest!: string;

  @ApiProperty({ format: 'date-time' })
  receivedAt!: string;

  @ApiProperty()
  state!: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'moved' })
  verdict!: string | null;
}

class EvidenceStatementResponse implements SignedEvidenceStatement {
  @ApiProperty({ enum: ['facecode-evidence-statement'] })
  kind!: 'facecode-evidence-statement';

  @ApiProperty({ enum: [1] })
  version!: 1;

  @ApiProperty()
  sessionId!: string;

  @ApiProperty({
    description: 'Number of the session’s events in the tree of `treeSize` events. All of them are in `events`.',
  })
  events!: number;

  @ApiProperty()
  treeSize!: number;

  @ApiProperty({ format: 'date-time', description: 'Later events of the session are not in the file.' })
  madeAt!: string;

  @ApiProperty({ description: 'SHA-256 (hex) of the RFC 8785 form of `webhooks`.' })
  webhooksDigest!: string;

  @ApiProperty({ description: 'SHA-256 (hex) of the RFC 8785 form of `deliveries`.' })
  deliveriesDigest!: string;

  @ApiProperty({
    description:
      'Ed25519 signature (base64) with the key of the checkpoint, over the RFC 8785 form of the statement without this member.',
  })
  signature!: string;
}

class UnprovenResponse {
  @ApiProperty({
    description:
      'The name of the journal whose key signed the statement. For the unproven members you have only its word.',
  })
  saidBy!: string;

  @ApiProperty({
    type: [String],
    description: 'Members that no event proves. `[]` stands for every entry of the list, `[2]` for the third entry.',
    example: ['webhooks[].digest', 'webhooks[].receivedAt', 'deliveries[].state'],
  })
  members!: string[];
}

export class EvidenceResponse {
  @ApiProperty({ enum: ['facecode-evidence'] })
  kind!: 'facecode-evidence';

  @ApiProperty({ enum: [evidenceVersion] })
  version!: typeof evidenceVersion;

  @ApiProperty({
    type: EvidenceSessionResponse,
    description: 'The session as computed from the events. The verifier computes it again and compares.',
  })
  session!: EvidenceSessionResponse;

  @ApiProperty({
    type: [EvidenceAttemptResponse],
    description: 'Every attempt as computed from the events, oldest first, without the code and its hint.',
  })
  attempts!: EvidenceAttemptResponse[];

  @ApiProperty({ type: [ProvenEventResponse], description: 'Every event of the session, by `seq`.' })
  events!: ProvenEventResponse[];

  @ApiProperty({ description: 'Size of the tree that the checkpoint signs and the proofs lead to.' })
  treeSize!: number;

  @ApiProperty({ description: 'Signed note (C2SP tlog-checkpoint).' })
  checkpoint!: string;

  @ApiProperty({
    description: 'PEM of the key that signed the checkpoint. Compare it with a copy that you got earlier.',
  })
  publicKey!: string;

  @ApiProperty({ description: 'The same key as C2SP tools take it.' })
  verifierKey!: string;

  @ApiProperty({
    type: [WebhookRecordResponse],
    description:
      "iDenfy's webhooks for these attempts, oldest first. If an event names a webhook, its `state` and `verdict` are those of the event.",
  })
  webhooks!: WebhookRecordResponse[];

  @ApiProperty({
    type: [DeliveryResponse],
    description: 'The deliveries of these events to webhook endpoints and the result of each try, without the answers.',
  })
  deliveries!: DeliveryResponse[];

  @ApiProperty({
    type: EvidenceStatementResponse,
    description: 'What the service signs: the number of events, and the digests of `webhooks` and `deliveries`.',
  })
  statement!: EvidenceStatementResponse;

  @ApiProperty({
    type: UnprovenResponse,
    description: 'The members that no event proves, and the journal that vouches for them.',
  })
  unproven!: UnprovenResponse;
}
