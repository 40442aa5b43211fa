import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../core/clock.js';
import { Problem } from '../core/errors.js';
import { Reach } from '../core/reach.js';
import { ApiKeysStore } from './api-keys.store.js';
import { ClientTokensStore } from './client-tokens.store.js';
import { type Access, accessKey, allPlatformsKey, mayAct, type Principal } from './scopes.js';
import { needsAllPlatforms, reachOf } from './principal.js';
import { unauthenticated } from './unauthenticated.js';

export type AuthenticatedRequest = FastifyRequest & { principal?: Principal };

type ScopedAccess = Extract<Access, { kind: 'scopes' }>;

const adminOnly: Access = { kind: 'scopes', anyOf: ['admin'], clientToken: false };
const bearer = /^Bearer +(\S+)$/i;

/** Lets a request through if its key has the scope that the route needs. A route that names no scope needs `admin`. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(ApiKeysStore) private readonly keys: ApiKeysStore,
    @Inject(ClientTokensStore) private readonly tokens: ClientTokensStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, targets) ?? adminOnly;
    if (access.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    request.principal = await this.authenticate(secretOf(request, access));
    this.authorize(request, access);
    const concernsAll = this.reflector.getAllAndOverride<boolean | undefined>(allPlatformsKey, targets) === true;
    if (concernsAll && reachOf(request.principal) !== Reach.all) throw needsAllPlatforms();
    return true;
  }

  private async authenticate(secret: string): Promise<Principal> {
    if (secret.startsWith('fct_')) {
      const found = await this.tokens.find(secret, this.clock.now());
      if (typeof found === 'string') throw unauthenticated(found === 'ended' ? 'ended-token' : 'unknown-token');
      return { kind: 'client-token', ...found };
    }
    if (!secret.startsWith('fc_')) throw unauthenticated('not-a-key');
    const key = await this.keys.find(secret, this.clock.now());
    if (typeof key === 'string') throw unauthenticated(key === 'expired' ? 'expired-key' : 'unknown-key');
    const { id, name, owner, platform, scopes } = key;
    return { kind: 'api-key', id, name, owner, platform, scopes };
  }

  private authorize(request: AuthenticatedRequest, access: ScopedAccess): void {
    const { principal } = request;
    if (principal?.kind === 'api-key' && mayAct(principal.scopes, access.anyOf)) return;
    if (principal?.kind === 'client-token' && access.clientToken) {
      if ((request.params as { id?: string }).id === principal.sessionId) return;
      throw new Problem('not-found');
    }
    throw new Problem('forbidden', { detail: `This needs the scope ${access.anyOf.join(' or ')}.` });
  }
}

/** An API key must be in the header, because proxies log addresses. */
function secretOf({ headers, query }: FastifyRequest, { clientToken }: ScopedAccess): string {
  const { token } = query as { token?: unknown };
  if (headers.authorization === undefined && clientToken === 'bearer-or-query' && token !== undefined) {
    if (typeof token === 'string' && token.startsWith('fct_')) return token;
    throw unauthenticated('key-in-address');
  }
  const sent = bearer.exec(headers.authorization ?? '')?.[1];
  if (sent === undefined) throw unauthenticated('nothing-sent');
  return sent;
}
