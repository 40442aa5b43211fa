/** The bundle as classes, for the OpenAPI document. */
import { ApiProperty, OmitType } from '@nestjs/swagger';
import { DeliveryResponse } from '../deliveries/delivery.responses.js';
import { EventResponse } from '../journal/events.responses.js';
import { AttemptResponse, SessionResponse } from '../sessions/session.responses.js';
import type { EventProof } from './evidence-proofs.js';

class EvidenceSessionResponse extends OmitType(SessionResponse, [
  'attempt',
  'attempts',
  'identification',
  'clientToken',
] as const) {}

class EventProofResponse implements EventProof {
  @ApiProperty({ minimum: 0, description: '`position` - 1.' })
  leafIndex!: number;

  @ApiProperty({ type: [String], description: 'The hashes beside the way from the leaf up to the root (RFC 6962).' })
  hashes!: string[];
}

class ProvenEventResponse {
  @ApiProperty({ type: EventResponse, description: 'As GET /v1/events gives it; the leaf leaves `personal` out.' })
  event!: EventResponse;

  @ApiProperty({ type: EventProofResponse })
  proof!: EventProofResponse;
}

class WebhookRecordResponse {
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

export class EvidenceResponse {
  @ApiProperty({ enum: ['facecode-evidence'] })
  kind!: 'facecode-evidence';

  @ApiProperty({ enum: [1] })
  version!: 1;

  @ApiProperty({ type: EvidenceSessionResponse, description: 'As it is now: what its events, folded, say.' })
  session!: EvidenceSessionResponse;

  @ApiProperty({ type: [AttemptResponse], description: 'Every attempt, oldest first, never with a code.' })
  attempts!: AttemptResponse[];

  @ApiProperty({ type: [ProvenEventResponse], description: 'Every event of the session, by `seq`.' })
  events!: ProvenEventResponse[];

  @ApiProperty({ description: 'Of the checkpoint that the proofs lead to.' })
  treeSize!: number;

  @ApiProperty({ description: 'Signed note (C2SP tlog-checkpoint).' })
  checkpoint!: string;

  @ApiProperty({ description: 'PEM of the key that has signed it; hold it against one you had before.' })
  publicKey!: string;

  @ApiProperty({ description: 'The same key as C2SP tools take it.' })
  verifierKey!: string;

  @ApiProperty({ type: [WebhookRecordResponse], description: "iDenfy's webhooks for these attempts, oldest first." })
  webhooks!: WebhookRecordResponse[];

  @ApiProperty({
    type: [DeliveryResponse],
    description: 'What was sent of these events to webhook endpoints and what came of it, without the answers.',
  })
  deliveries!: DeliveryResponse[];
}
