/** The tables as Drizzle sees them. The truth is migrations/*.sql; a test holds the two against each other. */
import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
} from 'drizzle-orm/pg-core';
import type { Json } from '../core/canonical-json.js';
import { bytes, instant } from './column-types.js';

export const sessions = pgTable('sessions', {
  id: text('id').primaryKey(),
  status: text('status').notNull(),
  reason: text('reason'),
  scanRef: text('scan_ref').notNull(),
  locale: text('locale'),
  channels: text('channels').array().notNull(),
  codeLifetimeSeconds: integer('code_lifetime_seconds').notNull(),
  maxAttempts: integer('max_attempts').notNull(),
  retryOn: text('retry_on').array().notNull(),
  personalSealed: bytes('personal_sealed').notNull(),
  subjectKeyId: text('subject_key_id'),
  referenceDigest: bytes('reference_digest'),
  initiatorIpDigest: bytes('initiator_ip_digest'),
  eligible: boolean('eligible').notNull().default(false),
  clientTokenDigest: bytes('client_token_digest').notNull(),
  createdBy: text('created_by').notNull(),
  seq: integer('seq').notNull(),
  version: integer('version').notNull().default(1),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  endedAt: instant('ended_at'),
  identificationScanRef: text('identification_scan_ref'),
  identificationSealed: bytes('identification_sealed'),
  identifiedAt: instant('identified_at'),
  initiatorBlockDigest: bytes('initiator_block_digest'),
  heldAt: instant('held_at'),
  platform: text('platform').notNull().default('main'),
});

export const attempts = pgTable('attempts', {
  id: text('id').primaryKey(),
  sessionId: text('session_id').notNull(),
  number: integer('number').notNull(),
  state: text('state').notNull(),
  reason: text('reason'),
  version: integer('version').notNull().default(1),
  tokenDigest: bytes('token_digest'),
  secretSealed: bytes('secret_sealed'),
  codeHint: text('code_hint'),
  issueTries: integer('issue_tries').notNull().default(0),
  nextTryAt: instant('next_try_at'),
  createdAt: instant('created_at').notNull(),
  issuedAt: instant('issued_at'),
  revealedAt: instant('revealed_at'),
  expiresAt: instant('expires_at'),
  deadlineAt: instant('deadline_at'),
  endedAt: instant('ended_at'),
  outcome: jsonb('outcome').$type<Json>(),
  signals: text('signals').array().notNull().default([]),
  checkTries: integer('check_tries').notNull().default(0),
  confirmAt: instant('confirm_at'),
  confirmTries: integer('confirm_tries').notNull().default(0),
  lostSince: instant('lost_since'),
  checkAskedAt: instant('check_asked_at'),
  scanRef: text('scan_ref').notNull(),
  ipDigests: bytes('ip_digests').array().notNull().default([]),
  platform: text('platform').notNull().default('main'),
  unclearAnswers: integer('unclear_answers').notNull().default(0),
});

export const orphans = pgTable('orphans', {
  tokenDigest: bytes('token_digest').primaryKey(),
  attemptId: text('attempt_id').notNull(),
});

export const webhooks = pgTable('webhooks', {
  id: text('id').primaryKey(),
  digest: bytes('digest').notNull(),
  bodySealed: bytes('body_sealed'),
  eventType: text('event_type'),
  tokenDigest: bytes('token_digest'),
  keyIndex: integer('key_index').notNull(),
  state: text('state').notNull(),
  verdict: text('verdict'),
  error: text('error'),
  attemptId: text('attempt_id'),
  duplicates: integer('duplicates').notNull().default(0),
  receivedAt: instant('received_at').notNull(),
  appliedAt: instant('applied_at'),
  replays: integer('replays').notNull().default(0),
  scanRefDigest: bytes('scan_ref_digest'),
  platform: text('platform'),
});

export const events = pgTable('events', {
  id: text('id').primaryKey(),
  rowNumber: bigint('row_number', { mode: 'number' }).generatedAlwaysAsIdentity(),
  sessionId: text('session_id'),
  attemptId: text('attempt_id'),
  seq: integer('seq'),
  position: bigint('position', { mode: 'number' }),
  type: text('type').notNull(),
  at: instant('at').notNull(),
  actor: jsonb('actor').$type<Json>().notNull(),
  data: jsonb('data').$type<Json>().notNull(),
  personalSealed: bytes('personal_sealed'),
  personalDigest: text('personal_digest'),
  subjectKeyId: text('subject_key_id'),
  platform: text('platform'),
  version: smallint('version').notNull().default(1),
  mac: bytes('mac'),
  setAside: boolean('set_aside').notNull().default(false),
});

export const journalState = pgTable('journal_state', {
  one: boolean('one').primaryKey().default(true),
  macsBegan: bytes('macs_began'),
  stopped: jsonb('stopped').$type<Json>(),
  stoppedAt: instant('stopped_at'),
});

export const journalNodes = pgTable(
  'journal_nodes',
  {
    level: integer('level').notNull(),
    tile: bigint('tile', { mode: 'number' }).notNull(),
    hashes: bytes('hashes').notNull(),
  },
  (table) => [primaryKey({ columns: [table.level, table.tile] })],
);

export const checkpoints = pgTable('checkpoints', {
  size: bigint('size', { mode: 'number' }).primaryKey(),
  root: bytes('root').notNull(),
  note: text('note').notNull(),
  sealedAt: instant('sealed_at').notNull(),
});

export const subjectKeys = pgTable('subject_keys', {
  id: text('id').primaryKey(),
  scanRef: text('scan_ref').notNull(),
  keySealed: bytes('key_sealed'),
  createdAt: instant('created_at').notNull(),
  retiredAt: instant('retired_at'),
  destroyedAt: instant('destroyed_at'),
});

export const legalHolds = pgTable('legal_holds', {
  scanRef: text('scan_ref').primaryKey(),
  reasonSealed: bytes('reason_sealed').notNull(),
  placedBy: text('placed_by').notNull(),
  placedAt: instant('placed_at').notNull(),
});

export const keyCanaries = pgTable('key_canaries', {
  key: text('key').primaryKey(),
  canary: bytes('canary').notNull(),
});

export const sealingKeys = pgTable('sealing_keys', {
  id: bytes('id').primaryKey(),
  since: instant('since').notNull().defaultNow(),
});

export const checkpointMirror = pgTable('checkpoint_mirror', {
  one: boolean('one').primaryKey().default(true),
  size: bigint('size', { mode: 'number' }).notNull(),
});

export const apiKeys = pgTable('api_keys', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  scopes: text('scopes').array().notNull(),
  digest: bytes('digest').notNull(),
  hint: text('hint').notNull(),
  bootstrap: boolean('bootstrap').notNull().default(false),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at'),
  revokedAt: instant('revoked_at'),
  platform: text('platform').notNull().default('main'),
  owner: text('owner'),
  createdBy: text('created_by'),
});

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    apiKeyId: text('api_key_id').notNull(),
    key: text('key').notNull(),
    requestDigest: bytes('request_digest').notNull(),
    sessionId: text('session_id').notNull(),
    answerSealed: bytes('answer_sealed'),
    leasedUntil: instant('leased_until').notNull(),
    createdAt: instant('created_at').notNull(),
    platform: text('platform').notNull(),
  },
  (table) => [primaryKey({ columns: [table.platform, table.key] })],
);

export const subjects = pgTable('subjects', {
  scanRef: text('scan_ref').primaryKey(),
  consecutiveFailures: integer('consecutive_failures').notNull().default(0),
  locks: integer('locks').notNull().default(0),
  lockedUntil: instant('locked_until'),
  lastOutcomes: jsonb('last_outcomes').$type<Json>().notNull().default([]),
  version: integer('version').notNull().default(1),
  updatedAt: instant('updated_at').notNull(),
  failuresByPlatform: jsonb('failures_by_platform').$type<Json>().notNull().default({}),
});

export const reviewClaims = pgTable('review_claims', {
  sessionId: text('session_id').primaryKey(),
  claimedBy: text('claimed_by').notNull(),
  claimedAt: instant('claimed_at').notNull(),
  claimedUntil: instant('claimed_until').notNull(),
});

export const reviewApprovals = pgTable(
  'review_approvals',
  {
    sessionId: text('session_id').notNull(),
    reason: text('reason').notNull(),
    approvedBy: text('approved_by').notNull(),
    approvedAt: instant('approved_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.reason, table.approvedBy] })],
);

export const requestBudgets = pgTable('request_budgets', {
  bucket: text('bucket').primaryKey(),
  used: doublePrecision('used').notNull(),
  countedAt: instant('counted_at').notNull(),
});

export const providerRefusals = pgTable('provider_refusals', {
  operation: text('operation').primaryKey(),
  tokenRefusalsInARow: integer('token_refusals_in_a_row').notNull().default(0),
  refusedAt: instant('refused_at'),
  probeAt: instant('probe_at'),
  reason: text('reason'),
});

export const callBudget = pgTable('call_budget', {
  one: boolean('one').primaryKey().default(true),
  windowStartedAt: instant('window_started_at').notNull(),
  spent: integer('spent').notNull(),
  spentOnReads: integer('spent_on_reads').notNull(),
});
