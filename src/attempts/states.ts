/** The states of attempts and sessions, and which attempt may move where. The one place that says so. */

export const attemptStates = ['requested', 'issued', 'awaiting-selfie', 'passed', 'retry', 'void'] as const;
export type AttemptState = (typeof attemptStates)[number];

export const sessionStatuses = [
  'pending',
  'active',
  'in-review',
  'passed',
  'failed',
  'expired',
  'canceled',
  'identification-required',
  'rejected',
] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** What can happen to an attempt. A result counts as `success` or `failure` (FAILED, CANCELED, EXPIRED). */
export type InputKind =
  'code-issued' | 'issue-refused' | 'revealed' | 'success' | 'failure' | 'superseded' | 'canceled' | 'lifetime-over';

/** `replay`: it happened before, nothing changes. `refuse`: it cannot happen here; `decide` names the reason. */
export type Transition = AttemptState | 'replay' | 'refuse';

const final = {
  'code-issued': 'refuse',
  'issue-refused': 'refuse',
  revealed: 'refuse',
  success: 'refuse',
  failure: 'refuse',
  superseded: 'refuse',
  canceled: 'refuse',
  'lifetime-over': 'refuse',
} as const;

export const transitions = {
  requested: {
    'code-issued': 'issued',
    'issue-refused': 'void',
    revealed: 'refuse',
    success: 'refuse',
    failure: 'refuse',
    superseded: 'void',
    canceled: 'void',
    'lifetime-over': 'void',
  },
  // A result may come before the code was handed out: a user can be quicker than our bookkeeping.
  issued: {
    'code-issued': 'replay',
    'issue-refused': 'refuse',
    revealed: 'awaiting-selfie',
    success: 'passed',
    failure: 'retry',
    superseded: 'void',
    canceled: 'void',
    'lifetime-over': 'refuse',
  },
  'awaiting-selfie': {
    'code-issued': 'replay',
    'issue-refused': 'refuse',
    revealed: 'replay',
    success: 'passed',
    failure: 'retry',
    superseded: 'void',
    canceled: 'void',
    'lifetime-over': 'refuse',
  },
  // Final is final; a result that says the same again is a replay, see `decide`.
  passed: final,
  retry: final,
  void: final,
} as const satisfies Record<AttemptState, Record<InputKind, Transition>>;

export const isFinalAttempt = (state: AttemptState): state is 'passed' | 'retry' | 'void' =>
  Object.values(transitions[state]).every((transition) => transition === 'refuse');

const openStatuses: readonly SessionStatus[] = ['pending', 'active', 'in-review'];
export const isOpenSession = (status: SessionStatus): boolean => openStatuses.includes(status);
