/**
 * Every signal as one rule: its name, what it looks at, what it says. Pure. A rule is given its inputs and nothing else,
 * so the list is what it depends on. The attack each answers and whom it flags for nothing: ./README.md.
 */
import { flaggingSignals, holdingSignals, type HoldingSignal, type Signal } from '../config/read-signals.js';
import type { CreationFacts, Raised, ResultFacts } from './facts.js';
import { compareNetworks } from './network.js';

type Verdict = Omit<Raised, 'signal'> | null;

interface Rule<Facts> {
  inputs: readonly (keyof Facts)[];
  says: string;
  judge(facts: Facts): Verdict;
}

function over<Facts>() {
  return <const Input extends keyof Facts>(
    inputs: readonly Input[],
    says: string,
    judge: (facts: Pick<Facts, Input>) => Verdict,
  ): Rule<Facts> => ({ inputs, says, judge });
}
const onResult = over<ResultFacts>();
const onCreation = over<CreationFacts>();

const presentationAttacks = ['FAKE_FACE', 'VIRTUAL_CAMERA', 'FAKE_CAPTURE'];
const isOneOf = (names: readonly string[], text: string | null): boolean =>
  text !== null && names.includes(text.toUpperCase());

/** In the order in which a hold is named after them. */
const resultRules = {
  'presentation-attack': onResult(
    ['failReason'],
    'iDenfy saw no living face: a mask, a photo of a photo, a camera that is software.',
    ({ failReason }) => (isOneOf(presentationAttacks, failReason) ? { shown: { failReason } } : null),
  ),
  'duplicate-image': onResult(['failReason'], 'iDenfy has seen this very picture before.', ({ failReason }) =>
    isOneOf(['DUPLICATE_IMAGE'], failReason) ? { shown: { failReason } } : null,
  ),
  'never-revealed': onResult(
    ['status', 'revealedAt'],
    'A pass with a code that was never handed out.',
    ({ status, revealedAt }) => (status === 'SUCCESS' && revealedAt === null ? { shown: {} } : null),
  ),
  'too-fast': onResult(
    ['status', 'revealedAt', 'receivedAt', 'isTyped', 'tooFastSeconds'],
    'A selfie sooner after its code was handed out than a person can type.',
    ({ status, revealedAt, receivedAt, isTyped, tooFastSeconds }) => {
      const hasSelfie = status === 'SUCCESS' || status === 'FAILED';
      if (!hasSelfie || !isTyped || revealedAt === null) return null;
      // The clocks of two replicas may disagree, and then a result seems to come before its code.
      const seconds = Math.max(0, (receivedAt.getTime() - revealedAt.getTime()) / 1000);
      return seconds < tooFastSeconds ? { shown: { seconds, tooFastSeconds } } : null;
    },
  ),
  'different-network': onResult(
    ['initiatorIp', 'selfieIp'],
    'Who asked on the platform and who took the selfie are on different networks.',
    ({ initiatorIp, selfieIp }) => {
      const compared = compareNetworks(initiatorIp, selfieIp);
      if (compared.kind !== 'different') return null;
      return { shown: { comparedBits: compared.bits }, personal: { initiatorIp, selfieIp } };
    },
  ),
  'untrusted-environment': onResult(['riskTags'], 'iDenfy does not trust the device or browser.', ({ riskTags }) => {
    const riskTag = 'UNTRUSTED_ENVIRONMENT';
    return riskTags.some((tag) => isOneOf([riskTag], tag)) ? { shown: { riskTag } } : null;
  }),
} as const satisfies Partial<Record<HoldingSignal, Rule<ResultFacts>>>;

const creationRules = {
  velocity: onCreation(
    ['sessionsOfScanRef', 'sessionsOfInitiator', 'velocitySessions', 'velocityWindowSeconds'],
    'Too many sessions of one scanRef, or asked for from one address, within the window.',
    ({ sessionsOfScanRef, sessionsOfInitiator, velocitySessions: limit, velocityWindowSeconds: windowSeconds }) => {
      if (limit === 0) return null;
      const by = [
        ...(sessionsOfScanRef > limit ? ['scanRef'] : []),
        ...((sessionsOfInitiator ?? 0) > limit ? ['initiator'] : []),
      ];
      return by.length > 0 ? { shown: { by, moreThan: limit, windowSeconds } } : null;
    },
  ),
} as const satisfies Record<Exclude<HoldingSignal, keyof typeof resultRules>, Rule<CreationFacts>>;

export const rules = { ...resultRules, ...creationRules };

export const judgeResult = (facts: ResultFacts): Raised[] => judge(resultRules, facts);
export const judgeCreation = (facts: CreationFacts): Raised[] => judge(creationRules, facts);

function judge<Facts>(table: { readonly [name in Signal]?: Rule<Facts> }, facts: Facts): Raised[] {
  return allSignals.flatMap((signal) => {
    const verdict = table[signal]?.judge(facts);
    return verdict ? [{ signal, ...verdict }] : [];
  });
}

/** Those of `decide`'s own come last: they tell of what was refused, or of a pass that is not confirmed. */
export const allSignals: readonly Signal[] = [...holdingSignals, ...(Object.keys(flaggingSignals) as Signal[])];

/** The first, in the order of the table, of the signals that policy holds a pass for. */
export function holdingOf(signals: readonly Signal[], hold: readonly HoldingSignal[]): HoldingSignal | null {
  return holdingSignals.find((signal) => signals.includes(signal) && hold.includes(signal)) ?? null;
}
