/** Making, listing and revoking API keys. Each act is recorded in the journal, never with the key itself. */
import { Inject, Injectable } from '@nestjs/common';
import type { Administrator } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import { isId } from '../core/ids.js';
import { Database } from '../database/database.js';
import { type ApiKey, ApiKeysStore, type NewApiKey } from '../http/api-keys.store.js';
import { CredentialMemory } from '../http/credential-memory.js';
import { AdministrationJournal } from '../journal/administration-journal.js';
import { createdKey, revokedKey } from './api-key-events.js';

@Injectable()
export class ApiKeysService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ApiKeysStore) private readonly store: ApiKeysStore,
    @Inject(CredentialMemory) private readonly memory: CredentialMemory,
    @Inject(AdministrationJournal) private readonly journal: AdministrationJournal,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @returns also the key itself, which nothing else returns */
  async create(asked: NewApiKey, by: Administrator): Promise<(ApiKey & { key: string }) | 'expired-already'> {
    const now = this.clock.now();
    if (asked.expiresAt && asked.expiresAt <= now) return 'expired-already';
    return this.database.transaction(async (tx) => {
      const made = await this.store.create(tx, asked, now);
      await this.journal.record(tx, 'api-key.created', createdKey(made), by, now);
      tx.afterCommit(() => this.memory.accept(made.key));
      return made;
    });
  }

  /** The live ones, newest first. */
  list(): Promise<ApiKey[]> {
    return this.store.list();
  }

  /** @returns false when there is no such live key */
  async revoke(id: string, by: Administrator): Promise<boolean> {
    if (!isId('key', id)) return false;
    return this.database.transaction(async (tx) => {
      const now = this.clock.now();
      const revoked = await this.store.revoke(tx, id, now);
      if (revoked) await this.journal.record(tx, 'api-key.revoked', revokedKey(revoked), by, now);
      return revoked !== null;
    });
  }
}
