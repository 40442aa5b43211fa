/**
 * Races of webhook, deadline and cancel for one attempt, from several processes at once: each attempt must come to one
 * verdict, whoever wins.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from 'bullmq';
import pg from 'pg';
import type { ProcessWorld, Running } from './process-world.js';
import { sendWebhook } from './webhook.js';
import { waitFor } from './wait-for.js';

export interface RaceResult {
  rounds: number;
  /** sessions by final status and by the source of the outcome, as `failed by session-api` */
  won: Record<string, number>;
  /** what is wrong, in words; empty when all is right */
  faults: string[];
}

/** How many sessions race at the same time. */
const width = 24;

export async function runRaces(
  world: ProcessWorld,
  processes: readonly Running[],
  rounds: number,
): Promise<RaceResult> {
  const pool = new pg.Pool({ connectionString: world.variables.DATABASE_URL!, max: width });
  const redis = new URL(world.variables.REDIS_URL!);
  const connection = { host: redis.hostname, port: Number(redis.port), db: Number(redis.pathname.slice(1) || 0) };
  const codes = new Queue('codes', { connection, prefix: '{facecode}' });
  const sessions: string[] = [];
  let next = 0;
  const racer = async () => {
    while (next < rounds) sessions.push(await race(next++));
  };

  const race = async (n: number): Promise<string> => {
    const [one, two] = [processes[n % processes.length]!, processes[(n + 1) % processes.length]!];
    // The simulator sends no webhook for it, and its session API says that the attempt has failed.
    const { id, attempt } = await one.client.create(`sim-silent-race-${n}`, { maxAttempts: 1, channels: ['sdk'] });
    await world.simulator.selfie({ token: attempt!.token!, outcome: 'FAILED' });
    const attemptId = attempt!.id;
    const status = n % 3 === 0 ? 'FAILED' : 'SUCCESS';
    // A webhook goes through a queue: in a quarter of the rounds it gets a start.
    const ahead = n % 4 === 3 ? 300 : 0;
    const webhook = (at: Running) => sendWebhook(at.url, { token: attempt!.token!, status, round: n }).expect(200);
    // A cancel takes one statement, the others a job: started a little later, each of them wins sometimes.
    const cancel = async () => {
      await pause(ahead + (n % 12) * 30);
      const answer = await two.client.post(`/v1/sessions/${id}/cancel`);
      if (![200, 409].includes(answer.status)) throw new Error(`cancel was answered with ${answer.status}`);
    };
    const deadline = async () => {
      await pause(ahead + (n % 7) * 25);
      await pool.query(`update attempts set deadline_at = now() - interval '1 second' where id = $1`, [attemptId]);
      await codes.add('deadline', { attemptId });
    };
    // The same webhook at two doors, and each contender first in a third of the rounds.
    const contenders = [() => webhook(one), deadline, cancel, () => webhook(two)];
    const turned = [...contenders.slice(n % 3), ...contenders.slice(0, n % 3)];
    await Promise.all(turned.map((contend) => contend()));
    return id;
  };

  try {
    await Promise.all(Array.from({ length: width }, racer));
    const open = () => pool.query('select from sessions where ended_at is null');
    await waitFor(async () => (await open()).rowCount === 0, { what: 'every session to end' });
    await waitFor(async () => (await pool.query(`select from webhooks where state = 'new'`)).rowCount === 0, {
      what: 'every webhook to be applied',
    });
    return { rounds, ...(await judge(pool)) };
  } finally {
    await codes.close();
    await pool.end();
  }
}

async function judge(pool: pg.Pool): Promise<Pick<RaceResult, 'won' | 'faults'>> {
  const { rows: statuses } = await pool.query<{ status: string; n: number }>(
    `select concat_ws(' by ', status, outcome ->> 'source') as status, count(*)::int as n
       from sessions join attempts on session_id = sessions.id group by 1`,
  );
  const rules: [rule: string, violations: string][] = [
    [
      'an attempt has one verdict',
      `select from events where type in ('attempt.passed', 'attempt.retry', 'attempt.void')
        group by attempt_id having count(*) <> 1`,
    ],
    [
      'a session has one end',
      `select from events where type in ('session.passed', 'session.failed', 'session.expired', 'session.canceled')
        group by session_id having count(*) <> 1`,
    ],
    [
      'the end of a session is that of its attempt',
      `select from sessions join attempts on session_id = sessions.id
        where (status, state) not in (('passed', 'passed'), ('failed', 'retry'), ('expired', 'retry'), ('canceled', 'void'))`,
    ],
    ['seq has no gap', 'select from events group by session_id having max(seq) <> count(*) or min(seq) <> 1'],
    [
      'nothing passes without a SUCCESS',
      `select from attempts where state = 'passed' and outcome->>'status' <> 'SUCCESS'`,
    ],
    [
      'no secret outlives its attempt',
      `select from attempts where ended_at is not null and secret_sealed is not null and confirm_at is null`,
    ],
  ];
  const faults: string[] = [];
  for (const [rule, violations] of rules) {
    const { rowCount } = await pool.query(violations);
    if (rowCount) faults.push(`${rule}: broken ${rowCount} times`);
  }
  return { won: Object.fromEntries(statuses.map(({ status, n }) => [status, n])), faults };
}
