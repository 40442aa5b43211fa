import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { ApiKeysStore } from './api-keys.store.js';
import { ClientTokensStore } from './client-tokens.store.js';
import { CredentialMemory } from './credential-memory.js';
import { RateLimits } from './rate-limit.service.js';
import type { Principal } from './scopes.js';
import type { UnauthenticatedCause } from './unauthenticated.js';

/** The credential of a request: an API key or client token, or why it is neither. */
export type Credential = { secret: string } | { unusable: UnauthenticatedCause };

export type Refusal =
  | { kind: 'unauthenticated'; cause: UnauthenticatedCause }
  /** the address has failed too often */
  | { kind: 'turned-away'; cause: UnauthenticatedCause | 'not-looked-up'; retryAfterSeconds: number };

/**
 * Finds the principal of a request. An address that fails too often is turned away; an unknown key from there then costs no
 * query. Keys and tokens that this process has accepted before still work from there, because many clients may share an
 * address, and one of them must not be able to lock the others out.
 */
@Injectable()
export class Authentication {
  constructor(
    @Inject(ApiKeysStore) private readonly keys: ApiKeysStore,
    @Inject(ClientTokensStore) private readonly tokens: ClientTokensStore,
    @Inject(CredentialMemory) private readonly memory: CredentialMemory,
    @Inject(RateLimits) private readonly limits: RateLimits,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @param address of the client */
  async authenticate(sent: Credential, address: string): Promise<Principal | Refusal> {
    if ('unusable' in sent) return this.refuse(sent.unusable, address);
    const { secret } = sent;
    const known = this.memory.wasAccepted(secret);
    const retryAfterSeconds = known ? null : this.limits.turnsAway(address);
    if (retryAfterSeconds !== null) return { kind: 'turned-away', cause: 'not-looked-up', retryAfterSeconds };
    const refusedBefore = this.memory.refusalOf(secret);
    if (refusedBefore !== null) return this.refuse(refusedBefore, address);
    const found = await this.lookUp(secret);
    if (typeof found !== 'string') {
      this.memory.accept(secret);
      return found;
    }
    this.memory.refuse(secret, found);
    return this.refuse(found, address);
  }

  private async lookUp(secret: string): Promise<Principal | UnauthenticatedCause> {
    const now = this.clock.now();
    if (secret.startsWith('fct_')) {
      const found = await this.tokens.find(secret, now);
      if (typeof found === 'string') return found === 'ended' ? 'ended-token' : 'unknown-token';
      return { kind: 'client-token', ...found };
    }
    const key = await this.keys.find(secret, now);
    if (typeof key === 'string') return key === 'expired' ? 'expired-key' : 'unknown-key';
    const { id, name, owner, platform, scopes } = key;
    return { kind: 'api-key', id, name, owner, platform, scopes };
  }

  private async refuse(cause: UnauthenticatedCause, address: string): Promise<Refusal> {
    const retryAfterSeconds = await this.limits.failedAuthentication(address);
    if (retryAfterSeconds === null) return { kind: 'unauthenticated', cause };
    return { kind: 'turned-away', cause, retryAfterSeconds };
  }
}
