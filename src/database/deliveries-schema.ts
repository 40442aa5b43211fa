/** The tables of endpoints and deliveries. schema.ts has the others. */
import { bigint, boolean, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Json } from '../core/canonical-json.js';
import { bytes, instant } from './column-types.js';

export const endpoints = pgTable('endpoints', {
  id: text('id').primaryKey(),
  url: text('url').notNull(),
  eventTypes: text('event_types').array(),
  description: text('description').notNull().default(''),
  secretsSealed: bytes('secrets_sealed'),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
  disabledAt: instant('disabled_at'),
  disabledReason: text('disabled_reason'),
  deletedAt: instant('deleted_at'),
  fromPosition: bigint('from_position', { mode: 'number' }).notNull(),
  failingSince: instant('failing_since'),
  noticedAt: instant('noticed_at'),
  failures: integer('failures').notNull().default(0),
  holds: integer('holds').notNull().default(0),
  heldUntil: instant('held_until'),
  pace: integer('pace'),
  recoverAfter: bigint('recover_after', { mode: 'number' }),
  recoverUntil: bigint('recover_until', { mode: 'number' }),
  recoverSince: instant('recover_since'),
  platform: text('platform').notNull().default('*'),
});

export const deliveries = pgTable('deliveries', {
  id: text('id').primaryKey(),
  endpointId: text('endpoint_id').notNull(),
  eventId: text('event_id').notNull(),
  eventType: text('event_type').notNull(),
  position: bigint('position', { mode: 'number' }),
  sessionId: text('session_id'),
  seq: integer('seq'),
  testEvent: jsonb('test_event').$type<Json>(),
  state: text('state').notNull(),
  tries: integer('tries').notNull().default(0),
  step: integer('step').notNull().default(0),
  nextTryAt: instant('next_try_at'),
  leasedUntil: instant('leased_until'),
  claims: integer('claims').notNull().default(0),
  createdAt: instant('created_at').notNull(),
  endedAt: instant('ended_at'),
});

export const deliveryAttempts = pgTable('delivery_attempts', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  deliveryId: text('delivery_id').notNull(),
  claim: integer('claim'),
  at: instant('at').notNull(),
  durationMs: integer('duration_ms').notNull(),
  status: integer('status'),
  error: text('error'),
  responseSealed: bytes('response_sealed'),
});

export const deliveryCursor = pgTable('delivery_cursor', {
  id: boolean('id').primaryKey().default(true),
  position: bigint('position', { mode: 'number' }).notNull(),
});
