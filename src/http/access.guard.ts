import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../core/clock.js';
import { Problem } from '../core/errors.js';
import { ApiKeysStore } from './api-keys.store.js';
import { type Access, accessKey, mayAct, type Principal } from './scopes.js';

export type AuthenticatedRequest = FastifyRequest & { principal?: Principal };

type ScopedAccess = Extract<Access, { kind: 'scopes' }>;

const adminOnly: Access = { kind: 'scopes', anyOf: ['admin'], clientToken: false };
const bearer = /^Bearer +(\S+)$/i;

/** Lets a request through when its key may do what the route needs. Routes that say nothing need `admin`. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(ApiKeysStore) private readonly keys: ApiKeysStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, targets) ?? adminOnly;
    if (access.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    request.principal = await this.authenticate(secretOf(request, access));
    this.authorize(request, access);
    return true;
  }

  private async authenticate(secret: string | undefined): Promise<Principal> {
    if (secret?.startsWith('fct_')) {
      const session = await this.keys.sessionOfClientToken(secret, this.clock.now());
      if (session) return { kind: 'client-token', ...session };
    } else if (secret?.startsWith('fc_')) {
      const key = await this.keys.find(secret, this.clock.now());
      if (key) return { kind: 'api-key', id: key.id, scopes: key.scopes };
    }
    throw new Problem('unauthenticated');
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

/** A key is in the header, and nowhere else: addresses get into the logs of proxies. */
function secretOf({ headers, query }: FastifyRequest, { clientToken }: ScopedAccess): string | undefined {
  if (headers.authorization !== undefined || clientToken !== 'bearer-or-query') {
    return bearer.exec(headers.authorization ?? '')?.[1];
  }
  const { token } = query as { token?: unknown };
  return typeof token === 'string' && token.startsWith('fct_') ? token : undefined;
}
