/** What the consumer says that it did: `{"applied": ["evt_…", …]}` in the order in which it did it. */
import { setTimeout as pause } from 'node:timers/promises';

const pollMilliseconds = 100;
const mostBytes = 1_048_576;

export type Effects = { kind: 'known'; applied: readonly string[] } | { kind: 'unreadable'; because: string };

/** Reads once for all checks, when everything was sent. */
export class EffectsReader {
  private read: Promise<Effects> | null = null;

  constructor(
    private readonly url: string | null,
    private readonly patienceSeconds: number,
  ) {}

  /** @returns null when nothing tells */
  after(awaited: readonly string[]): Promise<Effects> | null {
    if (this.url !== null) this.read ??= readEffects(this.url, awaited, this.patienceSeconds);
    return this.read;
  }
}

/** Work may go on after the answer: asks until everything of `awaited` was applied, or the patience is over. */
async function readEffects(url: string, awaited: readonly string[], patienceSeconds: number): Promise<Effects> {
  const until = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const effects = await readOnce(url, patienceSeconds);
    const complete = effects.kind === 'known' && awaited.every((id) => effects.applied.includes(id));
    if (complete || performance.now() >= until) return effects;
    await pause(pollMilliseconds);
  }
}

async function readOnce(url: string, timeoutSeconds: number): Promise<Effects> {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutSeconds * 1000) });
    if (answer.status !== 200) return unreadable(`answered ${answer.status}`);
    const text = await answer.text();
    if (text.length > mostBytes) return unreadable('is larger than 1 MB');
    const applied = appliedIn(JSON.parse(text));
    return applied ? { kind: 'known', applied } : unreadable('has no list "applied" of ids');
  } catch (error) {
    return unreadable(error instanceof SyntaxError ? 'is no JSON' : 'cannot be read');
  }
}

const unreadable = (because: string): Effects => ({ kind: 'unreadable', because });

function appliedIn(answer: unknown): readonly string[] | null {
  const applied: unknown = (answer as { applied?: unknown } | null)?.applied;
  return Array.isArray(applied) && applied.every((id): id is string => typeof id === 'string') ? applied : null;
}
