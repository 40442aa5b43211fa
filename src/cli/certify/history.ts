/** The events that are sent: the life of one session as the journal tells it, with new ids in every run. */
import { canonicalJson } from '../../core/canonical-json.js';
import { sha256 } from '../../core/digest.js';
import { newId, newSecret } from '../../core/ids.js';
import { defaultPlatform } from '../../core/platform.js';
import type { EventData, JournalEvent } from '../../journal/journal-event.js';
import type { EventType } from '../../journal/event-types.js';
import { Message, type SentEvent } from './message.js';

type Told = readonly [type: EventType, attempt: 0 | 1 | null, data: EventData, personal?: EventData];

const scanRef = '8df398bb-7340-11ee-9aec-0221b1f59063';
const failed = { status: 'FAILED', failReason: 'FACE_IS_OCCLUDED', source: 'webhook' };
const succeeded = { status: 'SUCCESS', failReason: null, source: 'webhook' };

/** In the order of `seq`, from 1. */
const story: readonly Told[] = [
  [
    'session.created',
    null,
    { scanRef, channels: ['code'], maxAttempts: 3, locale: 'en' },
    { reference: 'order-4711', initiator: { ip: '203.0.113.7' } },
  ],
  ['attempt.requested', 0, { number: 1 }],
  ['attempt.issued', 0, { number: 1, from: 'requested' }],
  ['attempt.awaiting-selfie', 0, { number: 1, from: 'issued' }],
  ['attempt.retry', 0, { number: 1, from: 'awaiting-selfie', outcome: failed }, { selfieIp: '203.0.113.7' }],
  ['attempt.requested', 1, { number: 2 }],
  ['attempt.issued', 1, { number: 2, from: 'requested' }],
  ['attempt.awaiting-selfie', 1, { number: 2, from: 'issued' }],
  ['attempt.passed', 1, { number: 2, from: 'awaiting-selfie', outcome: succeeded }, { selfieIp: '203.0.113.7' }],
  ['session.passed', null, {}],
];

export class History {
  /** accepted by a good consumer, each of them once */
  readonly good: SentEvent[] = [];
  /** that a good consumer never acts on */
  readonly forged: SentEvent[] = [];
  private readonly events: readonly JournalEvent[];

  constructor(
    private readonly key: Buffer,
    start: Date,
  ) {
    const sessionId = newId('ses');
    const attempts = [newId('att'), newId('att')] as const;
    this.events = story.map(([type, attempt, data, personal], index) =>
      event(type, data, personal, {
        sessionId,
        attemptId: attempt === null ? null : attempts[attempt],
        seq: index + 1,
        at: new Date(start.getTime() + index),
      }),
    );
  }

  /** What has to be applied: all that is good but the one that came after a later one and may be ignored as old. */
  get awaited(): string[] {
    return this.good
      .filter((sent, index) => !this.good.slice(0, index).some((other) => isLater(other, sent)))
      .map(({ id }) => id);
  }

  /** Of the ids of the told session, in the order they are given. */
  seqsOf(ids: readonly string[]): number[] {
    return ids.flatMap((id) => this.events.find((told) => told.id === id)?.seq ?? []);
  }

  /** @param seq from 1 */
  told(seq: number, change: Partial<SentEvent> = {}): Message {
    return this.accepted({ ...this.events[seq - 1]!, ...change });
  }

  /** The first event of another session. */
  anotherSession(): Message {
    return this.accepted(this.beginning());
  }

  /** As `anotherSession`, without a say in whether the consumer has to act on it. */
  unjudged(): Message {
    return new Message(this.beginning(), this.key);
  }

  /** A pass of another session: what somebody would forge. */
  lie(): Message {
    const lie = event('session.passed', {}, undefined, { sessionId: newId('ses'), attemptId: null, seq: 1 });
    this.forged.push(lie);
    return new Message(lie, this.key);
  }

  /** Of a type that does not exist yet. */
  unknown(): Message {
    const known = event('risk.flagged', { signal: 'velocity' }, undefined, {
      sessionId: null,
      attemptId: null,
      seq: null,
    });
    return new Message({ ...known, type: 'certify.from-the-future' }, this.key);
  }

  private accepted(sent: SentEvent): Message {
    this.good.push(sent);
    return new Message(sent, this.key);
  }

  private beginning(): JournalEvent {
    const [type, , data, personal] = story[0]!;
    return event(type, data, personal, { sessionId: newId('ses'), attemptId: null, seq: 1 });
  }
}

const isLater = (a: SentEvent, b: SentEvent): boolean => a.sessionId === b.sessionId && (a.seq ?? 0) > (b.seq ?? 0);

function event(
  type: EventType,
  data: EventData,
  told: EventData | undefined,
  place: Pick<JournalEvent, 'sessionId' | 'attemptId' | 'seq'> & { at?: Date },
): JournalEvent {
  const { sessionId, attemptId, seq, at = new Date() } = place;
  const personal = told ? { salt: newSecret('fct').slice(4), ...told } : null;
  return {
    id: newId('evt'),
    type,
    platform: defaultPlatform,
    sessionId,
    attemptId,
    seq,
    position: 1000 + (seq ?? 0),
    at: at.toISOString(),
    actor: { kind: 'system', id: 'certify' },
    data,
    personal,
    personalDigest: personal && sha256(canonicalJson(personal)).toString('hex'),
  };
}
