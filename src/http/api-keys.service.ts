import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { isId } from '../core/ids.js';
import { type ApiKey, ApiKeysStore } from './api-keys.store.js';
import { CredentialMemory } from './credential-memory.js';
import type { Scope } from './scopes.js';

/** API keys as an administrator handles them. */
@Injectable()
export class ApiKeysService {
  constructor(
    @Inject(ApiKeysStore) private readonly store: ApiKeysStore,
    @Inject(CredentialMemory) private readonly memory: CredentialMemory,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @returns the key itself too: here and nowhere else */
  async create(
    name: string,
    scopes: readonly Scope[],
    expiresAt: Date | null,
  ): Promise<(ApiKey & { key: string }) | 'expired-already'> {
    const now = this.clock.now();
    if (expiresAt && expiresAt <= now) return 'expired-already';
    const created = await this.store.create(name, scopes, expiresAt, now);
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
