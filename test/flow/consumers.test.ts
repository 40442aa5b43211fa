/** Consumers that poll and stream at random, are killed, come back with an old position, and dawdle. */
import { expect, it } from '@jest/globals';
import type { Client, EventBody, SessionBody } from '../support/client.js';
import { EventStream } from '../support/event-stream.js';
import { quietJournal } from '../support/quiet-journal.js';
import { onEveryStore, type World } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';

const sessions = 12;

/** Numbers from 0 to 1, the same for a seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Handles each event once, by its id, whatever comes twice. */
class Consumer {
  readonly handled = new Map<string, EventBody>();
  private position = 0;
  /** what it would find after a crash: not always what it has handled last */
  private saved = 0;
  duplicates = 0;

  constructor(
    private readonly client: Client,
    private readonly random: () => number,
    private readonly isOver: () => boolean,
  ) {}

  async run(end: () => number): Promise<void> {
    while (!(this.isOver() && this.position >= end())) {
      await (this.random() < 0.5 ? this.poll() : this.stream());
      if (this.random() < 0.3) this.saved = this.position;
      if (this.random() < 0.2) this.position = this.saved;
    }
  }

  private async poll(): Promise<void> {
    const [limit, wait] = [1 + Math.floor(this.random() * 20), this.random() < 0.5 ? 0 : 0.2];
    const { body } = await this.client.get(`/v1/events?after=${this.position}&limit=${limit}&wait=${wait}`).expect(200);
    const { data, lastPosition } = body as { data: EventBody[]; lastPosition: number };
    for (const event of data) this.handle(event);
    this.position = lastPosition;
  }

  private async stream(): Promise<void> {
    const stream = await EventStream.open(`${this.client.url}/v1/events/stream`, {
      authorization: `Bearer ${this.client.key}`,
      'last-event-id': `${this.position}`,
    });
    const many = 1 + Math.floor(this.random() * 15);
    const enough = () => stream.messages.length >= many || this.isOver();
    await waitFor(enough, { what: 'events on a stream' });
    // Killed: of what was on its way some is lost.
    stream.close();
    for (const { id, data } of stream.messages.slice(0, many)) {
      this.handle(data);
      this.position = Number(id);
    }
  }

  private handle(event: EventBody): void {
    if (this.handled.has(event.id)) this.duplicates += 1;
    else this.handled.set(event.id, event);
  }
}

onEveryStore('consumers of the journal', (world) => {
  quietJournal(world);

  const seed = 20_261;

  /** Sessions that pass, fail, are canceled or ask for new codes. */
  const live = async ({ client, simulator }: World, n: number, random: () => number): Promise<SessionBody> => {
    const session = await client.create(`consumers-${n}`, { maxAttempts: 2 });
    if (random() < 0.2) {
      await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
      return session;
    }
    const again = random() < 0.5;
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: again ? 'FAILED' : 'SUCCESS' });
    if (again) {
      await client.until(
        session.id,
        'the second code',
        ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
      );
      const { body } = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
      await simulator.selfie({ digitString: (body as { code: string }).code, outcome: 'SUCCESS' });
    }
    return session;
  };

  it(`end with exactly the journal, each in order (seed ${seed})`, async () => {
    const { client, database } = world();
    let [over, end] = [false, Number.POSITIVE_INFINITY];
    const consumers = [1, 2, 3].map((n) => new Consumer(client, randomOf(seed + n), () => over));
    const consuming = Promise.all(consumers.map((consumer) => consumer.run(() => end)));
    const random = randomOf(seed);
    const made: SessionBody[] = [];
    const follow = async (session: SessionBody) => followToTheEnd(client, session, randomOf(seed + made.length));
    const followed: Promise<{ session: SessionBody; events: EventBody[] }>[] = [];
    for (let n = 0; n < sessions; n += 1) {
      const session = await live(world(), n, random);
      made.push(session);
      if (n % 3 === 0) followed.push(follow(session));
    }
    await Promise.all(made.map(({ id }) => client.until(id, 'the end', ({ endedAt }) => endedAt !== null)));
    await waitFor(async () => (await database.query('select from events where position is null')).count === 0, {
      what: 'everything to be sealed',
    });
    const { body } = await client.get('/v1/events?limit=1000').expect(200);
    const { data: journal, lastPosition } = body as { data: EventBody[]; lastPosition: number };
    [over, end] = [true, lastPosition];
    await consuming;

    expect(journal.map(({ position }) => position)).toEqual(journal.map((_, index) => index + 1));
    for (const { handled } of consumers) expect([...handled.values()]).toEqual(journal);
    // Or they were never wrong.
    expect(consumers.map(({ duplicates }) => duplicates > 0)).toContain(true);
    for (const { session, events } of await Promise.all(followed)) {
      expect(events).toEqual(journal.filter(({ sessionId }) => sessionId === session.id));
    }
  });
});

/** Reads the stream of a session, a few events a time, until it is told that there is nothing left. */
async function followToTheEnd(client: Client, session: SessionBody, random: () => number) {
  const events: EventBody[] = [];
  for (;;) {
    const stream = await EventStream.open(`${client.url}/v1/sessions/${session.id}/stream`, {
      authorization: `Bearer ${client.key}`,
      'last-event-id': `${events.at(-1)?.position ?? 0}`,
    });
    if (stream.status === 204) return { session, events };
    const many = 1 + Math.floor(random() * 4);
    await waitFor(() => stream.messages.length >= many || stream.ended !== null, { what: 'events of a session' });
    stream.close();
    events.push(...stream.events.slice(0, many));
  }
}
