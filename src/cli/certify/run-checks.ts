import type { Check, CheckResult, Probe } from './check.js';

/** Runs one after the other; whoever does not answer at all is not asked everything. */
export async function runChecks(
  checks: readonly Check[],
  probe: Probe,
  tell: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { run, ...about } of checks) {
    const { result, got } = probe.sender.gaveUp
      ? { result: 'not-checked' as const, got: probe.sender.gaveUp }
      : await run(probe);
    const told = { ...about, result: result === 'fail' && about.kind === 'advice' ? ('warn' as const) : result, got };
    results.push(told);
    tell(told);
  }
  return results;
}
