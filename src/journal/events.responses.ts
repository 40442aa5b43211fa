import { ApiProperty } from '@nestjs/swagger';
import type { Actor } from '../core/actor.js';
import { type EventType, eventTypes } from './event-types.js';
import type { EventData, JournalEvent } from './journal-event.js';

class ActorResponse implements Actor {
  @ApiProperty({ enum: ['api-key', 'client-token', 'idenfy', 'system'] })
  kind!: Actor['kind'];

  @ApiProperty()
  id!: string;

  @ApiProperty({ required: false, description: 'Of the API key, in events of administration and of reviews.' })
  name?: string;

  @ApiProperty({
    type: 'string',
    required: false,
    nullable: true,
    description: 'With `name`: the person or system that holds the key.',
  })
  owner?: string | null;
}

export class EventResponse implements JournalEvent {
  @ApiProperty({ example: 'evt_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty({ enum: eventTypes })
  type!: EventType;

  @ApiProperty({
    type: 'string',
    required: false,
    nullable: true,
    description:
      'Null if the event concerns no single platform. Absent in events that were sealed before there were platforms: what was sealed is shown unchanged.',
  })
  platform?: string | null;

  @ApiProperty()
  sessionId!: string | null;

  @ApiProperty({ type: 'string', nullable: true })
  attemptId!: string | null;

  @ApiProperty({ minimum: 1, description: 'Counts per session without gaps.' })
  seq!: number | null;

  @ApiProperty({
    minimum: 1,
    description:
      'Counts over the whole journal without gaps. An API key of one platform sees only its own events, so it sees gaps.',
  })
  position!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: ActorResponse })
  actor!: ActorResponse;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Facts; never a code, a secret or a photo.' })
  data!: EventData;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, description: 'Personal data, salted.' })
  personal!: JournalEvent['personal'];

  @ApiProperty({ type: 'string', nullable: true, description: 'SHA-256 (hex) of the canonical form of `personal`.' })
  personalDigest!: string | null;
}

export class EventPageResponse {
  @ApiProperty({ type: [EventResponse] })
  data!: EventResponse[];

  @ApiProperty({
    description:
      'Position to read on from: that of the last event or, unless there is more, the position up to which no other event fits.',
  })
  lastPosition!: number;

  @ApiProperty()
  hasMore!: boolean;
}
