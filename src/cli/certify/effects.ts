/** What the consumer says that it did: `{"applied": ["evt_…", …]}` in the order in which it did it. */
import { setTimeout as pause } from 'node:timers/promises';

const patience = { seconds: 5, everyMilliseconds: 100 };
const mostBytes = 1_048_576;

export type Effects = { kind: 'known'; applied: readonly string[] } | { kind: 'unreadable'; because: string };

/** Reads once for all checks, when everything was sent. */
export class EffectsReader {
  private read: Promise<Effects> | null = null;

  constructor(private readonly url: string | null) {}

  /** @returns null when nothing tells */
  after(awaited: readonly string[]): Promise<Effects> | null {
    if (this.url !== null) this.read ??= readEffects(this.url, awaited);
    return this.read;
  }
}

/** Work may go on after the answer: asks until everything of `awaited` was applied, or the patience is over. */
async function readEffects(url: string, awaited: readonly string[]): Promise<Effects> {
  const until = performance.now() + patience.seconds * 1000;
  for (;;) {
    const effects = await readOnce(url);
    const complete = effects.kind === 'known' && awaited.every((id) => effects.applied.includes(id));
    if (complete || performance.now() >= until) return effects;
    await pause(patience.everyMilliseconds);
  }
}

async function readOnce(url: string): Promise<Effects> {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patience.seconds * 1000) });
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
