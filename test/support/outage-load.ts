/** Webhooks that keep coming while a server is away, from a sender that resends as iDenfy does. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { ProcessWorld, Running } from './process-world.js';
import type { ServerProcess } from './server-process.js';
import { waitFor } from './wait-for.js';
import { sendWebhook } from './webhook.js';

export interface OutageResult {
  sent: number;
  acknowledged: number;
  /** never answered with 200, although repeated as often as iDenfy would */
  given: number;
  answers: Record<string, number>;
  faults: string[];
}

export interface OutagePlan {
  webhooks: number;
  outageSeconds: number;
  /** iDenfy: up to 10 times, up to 10 s apart */
  resend: { times: number; everySeconds: number };
}

interface Sent {
  sessionId: string;
  status: 'SUCCESS' | 'FAILED';
  acknowledged: boolean;
}

/** Sessions that are created at the same time. */
const width = 16;

export async function outageUnderLoad(
  world: ProcessWorld,
  service: Running,
  server: ServerProcess,
  { webhooks, outageSeconds, resend }: OutagePlan,
): Promise<OutageResult> {
  const sessions: { id: string; token: string }[] = [];
  let next = 0;
  const create = async () => {
    while (next < webhooks) {
      const { id, attempt } = await service.client.create(`outage-${next++}`, { maxAttempts: 1, channels: ['sdk'] });
      sessions.push({ id, token: attempt!.token! });
    }
  };
  await Promise.all(Array.from({ length: width }, create));

  const answers: Record<string, number> = {};
  const deliver = async (sent: Sent, token: string, tries: number) => {
    for (let n = 0; n < tries && !sent.acknowledged; n += 1) {
      if (n > 0) await pause(resend.everySeconds * 1000);
      const answer = await sendWebhook(service.url, { token, status: sent.status, session: sent.sessionId })
        .timeout(10_000)
        .then(({ status }) => String(status))
        .catch(() => 'no answer');
      answers[answer] = (answers[answer] ?? 0) + 1;
      sent.acknowledged = answer === '200';
    }
  };

  // Evenly over a time that begins before the outage and ends after it.
  const spanSeconds = outageSeconds * 1.5;
  const outage = (async () => {
    await pause(spanSeconds * 100);
    await server.kill();
    await pause(outageSeconds * 1000);
    await server.restart();
  })();
  const sending = sessions.map(async ({ id, token }, n) => {
    const sent: Sent = { sessionId: id, status: n % 4 === 0 ? 'FAILED' : 'SUCCESS', acknowledged: false };
    await pause((n / sessions.length) * spanSeconds * 1000);
    // Resending is a setting at iDenfy: every fifth comes once only.
    await deliver(sent, token, n % 5 === 0 ? 1 : resend.times);
    return sent;
  });
  const [sent] = await Promise.all([Promise.all(sending), outage]);
  return { sent: sent.length, ...count(sent), answers, faults: await judge(world, sent) };
}

function count(sent: readonly Sent[]): Pick<OutageResult, 'acknowledged' | 'given'> {
  const acknowledged = sent.filter((one) => one.acknowledged).length;
  return { acknowledged, given: sent.length - acknowledged };
}

async function judge(world: ProcessWorld, sent: readonly Sent[]): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: world.variables.DATABASE_URL!, max: 2 });
  try {
    const waiting = `select from webhooks where state = 'new'`;
    await waitFor(async () => (await pool.query(waiting)).rowCount === 0, {
      what: 'every webhook to be applied',
    });
    const { rows } = await pool.query<{ id: string; status: string; kept: boolean }>(
      `select sessions.id, status, exists (select from webhooks where attempt_id = attempts.id) as kept
         from sessions join attempts on session_id = sessions.id`,
    );
    const bySession = new Map(rows.map((row) => [row.id, row]));
    return sent.flatMap(({ sessionId, status, acknowledged }) => {
      const row = bySession.get(sessionId)!;
      const verdict = status === 'SUCCESS' ? 'passed' : 'failed';
      if (acknowledged && row.status !== verdict) return [`${sessionId}: acknowledged ${status}, is ${row.status}`];
      // A 200 that was lost on the way is the sender's to repeat: kept and without an answer is right, too.
      if (!row.kept && row.status !== 'active') return [`${sessionId}: nothing kept, is ${row.status}`];
      return [];
    });
  } finally {
    await pool.end();
  }
}
