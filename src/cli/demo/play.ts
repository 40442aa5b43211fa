/** The flow of the demo: a user fails once, gets a new code without anybody asking for it, and passes. */
import type { SelfieRequest } from '../../simulator/selfie.js';
import type { Simulator } from '../../simulator/simulator.js';
import type { Narrator } from './narrator.js';
import type { EventAnswer, Platform, SessionAnswer } from './platform.js';
import { until } from './until.js';

const scanRef = '8df398bb-7340-11ee-9aec-0221b1f59063';

type Verdict = Pick<SelfieRequest, 'outcome' | 'failReason'>;

interface Stage {
  narrator: Narrator;
  platform: Platform;
  simulator: Simulator;
}

/** @returns whether the user passed */
export async function play(stage: Stage): Promise<boolean> {
  const { narrator, platform } = stage;
  const journal = new JournalReader(stage);

  narrator.plain(`
  platform   a bank, marketplace or casino: it wants to know that the person is still the same
  user       has the iDenfy app on the phone, and was identified with documents once before
  iDenfy     compares the selfie with the face of that time (here: a simulator)
  Facecode   everything in between`);
  narrator.heading('A user wants to withdraw money: is it still the same person?');
  narrator.says(
    'platform',
    `POST /v1/sessions {"scanRef":"${scanRef}"}\n(the scanRef is the number of the identification the user passed long ago)`,
  );
  const created = await platform.createSession(scanRef);
  providerCalls(stage);
  narrator.says('platform', `got session ${created.id}, status "${created.status}"`);
  narrator.says(
    'platform',
    `shows its user the code ${created.attempt?.code} (nobody else sees it: it is sealed in the database)`,
  );
  const afterCreate = await journal.show(created.id, 'attempt.awaiting-selfie');

  narrator.heading('The user types the code into the iDenfy app and takes a selfie, with sunglasses on');
  await selfie(stage, created.attempt?.code, { outcome: 'FAILED', failReason: 'FACE_IS_OCCLUDED' });
  const second = await until('the second attempt', () => attemptNumber(platform, created.id, 2));
  narrator.says('Facecode', `attempt 1 becomes "retry", and iDenfy is asked for a new code at once`);
  providerCalls(stage);
  const afterRetry = await journal.show(created.id, 'attempt.issued', afterCreate);

  narrator.heading('Same session, new code: nobody had to ask for it');
  narrator.says('platform', `POST /v1/sessions/${created.id}/code`);
  const { code } = await platform.revealCode(created.id);
  narrator.says(
    'platform',
    `shows its user the code ${code} (attempt ${second.attempt?.number}, ${second.attemptsLeft} left after it)`,
  );
  const afterReveal = await journal.show(created.id, 'attempt.awaiting-selfie', afterRetry);

  narrator.heading('The user tries again, sunglasses off');
  await selfie(stage, code, { outcome: 'SUCCESS' });
  const ended = await until('the verdict', () => finalSession(platform, created.id));
  await journal.show(created.id, `session.${ended.status}`, afterReveal);
  narrator.says('platform', `GET /v1/sessions/${created.id} says status "${ended.status}": the money may go`);
  return ended.status === 'passed';
}

async function selfie({ narrator, simulator }: Stage, digitString: string | undefined, result: Verdict): Promise<void> {
  const before = simulator.ledger.webhooks.length;
  const taken = await simulator.selfie({ digitString, ipAddress: '203.0.113.7', ...result });
  if (taken.status !== 204) throw new Error(`the app was refused: ${taken.message}`);
  narrator.says('user', `types ${digitString}, takes the selfie: ${JSON.stringify(result)}`);
  const sent = await until('the webhook', async () => {
    const webhook = simulator.ledger.webhooks[before];
    return webhook && webhook.statusAnswered !== null ? webhook : null;
  });
  narrator.says('iDenfy', `POST /webhooks/idenfy, signed: ${excerpt(sent.body)} and more`);
  narrator.says('Facecode', `checks the signature, stores it, then answers ${sent.statusAnswered}`);
}

/** The fields that tell the story; the whole body has the shape of README.md's section 4 in src/idenfy. */
function excerpt(body: string): string {
  const { status, failReason, token } = JSON.parse(body) as Record<'status' | 'failReason' | 'token', string | null>;
  return JSON.stringify({ token: `${token?.slice(0, 6)}…`, status, failReason });
}

/** What Facecode has asked iDenfy since the last time. */
function providerCalls({ narrator, simulator }: Stage): void {
  for (const { method, path, status } of simulator.ledger.requests.slice(shown.get(simulator) ?? 0)) {
    narrator.says('Facecode', `asks iDenfy: ${method} ${path.split('?')[0]} → ${status}`);
  }
  shown.set(simulator, simulator.ledger.requests.length);
}

const shown = new WeakMap<Simulator, number>();

async function attemptNumber(platform: Platform, id: string, number: number): Promise<SessionAnswer | null> {
  const session = await platform.session(id);
  return session.attempt?.number === number && session.attempt.state === 'issued' ? session : null;
}

async function finalSession(platform: Platform, id: string): Promise<SessionAnswer | null> {
  const session = await platform.session(id);
  return session.status === 'active' ? null : session;
}

class JournalReader {
  constructor(private readonly stage: Stage) {}

  /** Prints the events after `after` once `type` is among them. @returns the last position */
  async show(sessionId: string, type: string, after = 0): Promise<number> {
    const { narrator, platform } = this.stage;
    const events = await until(type, async () => {
      const found = await platform.events(sessionId, after);
      return found.some((event) => event.type === type) ? found : null;
    });
    narrator.says('Facecode', `journal:\n${events.map(describe).join('\n')}`);
    return events.at(-1)!.position;
  }
}

function describe({ seq, type, data }: EventAnswer): string {
  const outcome = data.outcome as { status: string; failReason: string | null; source: string } | undefined;
  const told = outcome
    ? `${outcome.status}${outcome.failReason ? ` (${outcome.failReason})` : ''}, by ${outcome.source}`
    : ((data.signal as string | undefined) ?? '');
  const about = data.number === undefined ? '' : `attempt ${String(data.number)}`;
  return `  ${String(seq).padStart(2)}  ${type.padEnd(24)} ${[about, told].filter((text) => text !== '').join(': ')}`.trimEnd();
}
