import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { isId } from '../core/ids.js';
import { type ApiKey, ApiKeysStore, type NewApiKey } from './api-keys.store.js';
import { CredentialMemory } from './credential-memory.js';

/** API keys as an administrator handles them. */
@Injectable()
export class ApiKeysService {
  constructor(
    @Inject(ApiKeysStore) private readonly store: ApiKeysStore,
    @Inject(CredentialMemory) private readonly memory: CredentialMemory,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @returns the key itself too: here and nowhere else */
  async create(asked: NewApiKey): Promise<(ApiKey & { key: string }) | 'expired-already'> {
    const now = this.clock.now();
    if (asked.expiresAt && asked.expiresAt <= now) return 'expired-already';
    const created = await this.store.create(asked, now);
    this.memory.accept(created.key);
    return created;
  }

  /** The live ones, newest first. */
  list(): Promise<ApiKey[]> {
    return this.store.list();
  }

  /** @returns false when there is no such live key */
  async revoke(id: string): Promise<boolean> {
    return isId('key', id) && (await this.store.revoke(id, this.clock.now()));
  }
}
