/** Sessions that run while consumers of every way listen, and what each of them has missed at the end. */
import type { Simulator } from '../../src/simulator/simulator.js';
import { Client, type EventBody } from './client.js';
import { type Consumer, startReader, startReceiver } from './consumers.js';
import { waitFor } from './wait-for.js';

export interface ConsumedResult {
  sessions: number;
  events: number;
  /** by consumer: events it took in, and how often one came again */
  taken: Record<string, { events: number; repeated: number }>;
  /** in words; empty when nobody missed anything */
  faults: string[];
}

/** Sessions that run at the same time. */
const width = 12;

/**
 * @param clients of one service each; consumers and sessions are spread over them
 * @param patienceSeconds how long the last deliveries may take: a failed one is tried again after 5 s, 30 s, 2 min
 */
export async function runConsumers(
  clients: readonly Client[],
  simulator: Simulator,
  { sessions, patienceSeconds, seed }: { sessions: number; patienceSeconds: number; seed: number },
): Promise<ConsumedResult> {
  const service = (n: number) => clients[n % clients.length]!;
  const consumers: Consumer[] = [
    await startReceiver('webhooks', service(0), seed),
    await startReceiver('webhooks, another', service(1), seed + 1),
    startReader('journal', service(0), seed + 2, 0),
    startReader('stream', service(1), seed + 3, 1),
    startReader('now this, now that', service(0), seed + 4, 0.5),
  ];
  try {
    let next = 0;
    const run = async () => {
      while (next < sessions) await play(service(next), simulator, next++);
    };
    await Promise.all(Array.from({ length: width }, run));
    const journal = await everything(service(0), sessions);
    await waitFor(async () => consumers.every(({ taken }) => taken.events.size >= journal.length) || null, {
      what: 'every consumer to have every event',
      withinSeconds: patienceSeconds,
    }).catch(() => undefined);
    return {
      sessions,
      events: journal.length,
      taken: Object.fromEntries(
        consumers.map(({ name, taken }) => [name, { events: taken.events.size, repeated: taken.repeated }]),
      ),
      faults: consumers.flatMap((consumer) => judge(consumer, journal)),
    };
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  }
}

/** A third passes at once, a third with the second code, a third is canceled. */
async function play(client: Client, simulator: Simulator, n: number): Promise<void> {
  const { id, attempt } = await client.create(`consumed-${n}`, { reference: `order-${n}`, maxAttempts: 2 });
  if (n % 3 === 2) {
    await client.post(`/v1/sessions/${id}/cancel`).expect(200);
    return;
  }
  if (n % 3 === 1) {
    await selfie(simulator, attempt!.code!, 'FAILED');
    const again = await client.until(id, 'its second code', ({ attempts }) => attempts[1]?.state === 'issued');
    const { body } = await client.post(`/v1/sessions/${again.id}/code`).expect(200);
    await selfie(simulator, (body as { code: string }).code, 'SUCCESS');
  } else {
    await selfie(simulator, attempt!.code!, 'SUCCESS');
  }
  await client.until(id, 'it to pass', ({ status }) => status === 'passed');
}

async function selfie(simulator: Simulator, digitString: string, outcome: string): Promise<void> {
  await fetch(`${simulator.url}/app/selfie`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ digitString, outcome }),
  });
}

/** The journal once all sessions have ended and nothing more is coming. */
async function everything(client: Client, sessions: number): Promise<EventBody[]> {
  const read = async (): Promise<EventBody[]> => {
    const events: EventBody[] = [];
    for (let after = 0; ;) {
      const { body } = await client.get(`/v1/events?after=${after}&limit=1000`).expect(200);
      const page = body as { data: EventBody[]; lastPosition: number; hasMore: boolean };
      // To read the journal makes records of reads.
      events.push(...page.data.filter(({ type }) => type !== 'audit.read'));
      after = page.lastPosition;
      if (!page.hasMore) return events;
    }
  };
  return waitFor(
    async () => {
      const events = await read();
      const ended = events.filter(({ type }) => ['session.passed', 'session.canceled'].includes(type));
      return ended.length === sessions && (await read()).length === events.length ? events : null;
    },
    { what: 'the journal to be complete' },
  );
}

function judge({ name, taken }: Consumer, journal: readonly EventBody[]): string[] {
  const faults: string[] = [];
  const missing = journal.filter(({ id }) => !taken.events.has(id));
  if (missing.length > 0) {
    const some = missing.slice(0, 3).map(({ position, type }) => `${position} ${type}`);
    faults.push(`${name}: lacks ${missing.length} of ${journal.length} events (${some.join(', ')})`);
  }
  const ids = new Set(journal.map(({ id }) => id));
  const strange = [...taken.events.values()].filter(({ id, type }) => !ids.has(id) && type !== 'audit.read');
  if (strange.length > 0) faults.push(`${name}: has ${strange.length} events that the journal has not`);
  for (const event of journal) {
    const got = taken.events.get(event.id);
    if (got && JSON.stringify(got) !== JSON.stringify(event)) {
      faults.push(`${name}: has event ${event.position} otherwise than the journal`);
      break;
    }
  }
  return faults;
}
