import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import type { Transaction } from '../database/database.js';
import { ErasureSources } from '../journal/erasure-sources.js';
import { JournalStore } from '../journal/journal.store.js';
import { PersonalKeys } from '../journal/personal-keys.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import type { ErasedKind } from './certificate.js';
import { ErasureStore } from './erasure.store.js';

export interface Erasure {
  scanRef: string;
  /** of one key, because its sessions are old; null: everything */
  onlyKey: string | null;
  because: 'asked' | 'retention';
  /** when the subject had been erased before a backup brought it back */
  again?: Date;
  actor: Actor;
  now: Date;
}

export interface Erased {
  sessions: number;
  keysDestroyed: number;
  kinds: ErasedKind[];
  /** ids of the endpoints that had received events of the sessions */
  endpoints: string[];
}

/**
 * Destroys the keys of a subject, removes what is stored elsewhere, and records it: all in the caller's transaction. Each
 * platform with sessions of the subject gets an event of its own, about its own.
 */
@Injectable()
export class SubjectEraser {
  constructor(
    @Inject(PersonalKeys) private readonly keys: PersonalKeys,
    @Inject(ErasureStore) private readonly store: ErasureStore,
    @Inject(ErasureSources) private readonly sources: ErasureSources,
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JobDispatcher) private readonly dispatcher: Pick<JobDispatcher, 'afterCommit'>,
  ) {}

  async erase(tx: Transaction, { scanRef, onlyKey, because, again, actor, now }: Erasure): Promise<Erased> {
    const whole = onlyKey === null;
    for (const source of this.sources.all) await source.lock?.(tx, scanRef);
    // The keys first: a session that is being made with one is there when their rows are ours.
    const keyIds = await this.keys.destroy(tx, scanRef, onlyKey, now);
    const sessionIds = await this.store.lockSessions(tx, scanRef, onlyKey);
    const endpoints = await this.sources.receivers(tx, sessionIds);
    const events = await this.store.countEvents(tx, keyIds, sessionIds);
    const where = 'events.personal_sealed';
    const keyless = await this.store.eraseKeyless(tx, sessionIds);
    const kinds: ErasedKind[] = [
      { what: 'personal data of journal events, notes of reviewers', where, count: events, how: 'key destroyed' },
      { what: 'personal data of journal events older than subject keys', where, count: keyless, how: 'removed' },
    ];
    for (const { what, where, erase } of this.sources.all) {
      kinds.push({ what, where, count: await erase(tx, { scanRef, sessionIds, whole, now }), how: 'removed' });
    }
    const told = {
      scanRef,
      because,
      ...(again ? { again: again.toISOString() } : {}),
      keysDestroyed: keyIds.length,
    };
    for (const [platform, its] of await this.store.byPlatform(tx, sessionIds)) {
      const data = { ...told, sessions: its.length, endpoints: await this.sources.receivers(tx, its) };
      await this.journal.appendLoose(tx, [{ type: 'subject.erased', attemptId: null, data }], now, actor, platform);
    }
    this.dispatcher.afterCommit(tx, jobs.seal());
    return { sessions: sessionIds.length, keysDestroyed: keyIds.length, kinds, endpoints };
  }
}
