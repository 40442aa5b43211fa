/** Answers tell only half: what did the consumer do? Checked when it says so at --effects-url. */
import type { Check, Probe, Verdict } from './check.js';

const notChecked: Verdict = { result: 'not-checked', got: 'no --effects-url' };

/** @param judge gives what is wrong, or nothing */
const effectCheck = (
  about: Pick<Check, 'name' | 'kind' | 'expected' | 'why'>,
  judge: (applied: readonly string[], probe: Probe) => string | null,
): Check => ({
  ...about,
  sent: 'nothing more: what was applied is read',
  run: async (probe) => {
    const effects = await probe.effects.after(awaited(probe));
    if (!effects) return notChecked;
    if (effects.kind === 'unreadable') return { result: 'fail', got: `the effects URL ${effects.because}` };
    const wrong = judge(effects.applied, probe);
    return { result: wrong === null ? 'pass' : 'fail', got: wrong ?? 'yes' };
  },
});

/** Those that were taken. Who refuses a good one has failed already. */
const awaited = ({ history, sender }: Probe): string[] => history.awaited.filter((id) => sender.accepted.has(id));

const counted = (count: number, what: string): string | null => (count === 0 ? null : `${count} ${what}`);

export const effectChecks: readonly Check[] = [
  effectCheck(
    {
      name: 'forgeries-had-no-effect',
      kind: 'security',
      expected: 'no forged or stale event was applied',
      why: 'A 4xx after the work is done protects nothing.',
    },
    (applied, { history }) => counted(history.forged.filter(({ id }) => applied.includes(id)).length, 'were applied'),
  ),
  effectCheck(
    {
      name: 'good-had-an-effect',
      kind: 'delivery',
      expected: 'every event that was answered with 2xx was applied; the one that came late may be ignored',
      why: 'What was answered with 2xx is not sent again.',
    },
    (applied, probe) => counted(awaited(probe).filter((id) => !applied.includes(id)).length, 'were not applied'),
  ),
  effectCheck(
    {
      name: 'repeats-had-one-effect',
      kind: 'delivery',
      expected: 'no event was applied twice',
      why: 'Deliveries are at least once; webhook-id tells a repeat.',
    },
    (applied, { history }) => {
      const times = (id: string) => applied.filter((other) => other === id).length;
      return counted(history.good.filter(({ id }) => times(id) > 1).length, 'were applied more than once');
    },
  ),
  effectCheck(
    {
      name: 'order-by-seq',
      kind: 'delivery',
      expected: 'no event was applied after one of the same session with a higher seq',
      why: 'A late "issued" must not undo a "passed": wait for the gap to close, or ignore what is older.',
    },
    (applied, { history }) => {
      const seqs = history.seqsOf(applied);
      const wrong = seqs.filter((seq, index) => seqs.slice(0, index).some((earlier) => earlier > seq));
      return counted(wrong.length, 'came after a later one');
    },
  ),
];
