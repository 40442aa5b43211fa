import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../core/errors.js';
import { Reach } from '../core/reach.js';
import { Authentication, type Credential, type Refusal } from './authentication.service.js';
import { needsAllPlatforms, reachOf } from './principal.js';
import { type Access, accessKey, allPlatformsKey, mayAct, type Principal } from './scopes.js';
import { unauthenticated } from './unauthenticated.js';

export type AuthenticatedRequest = FastifyRequest & {
  principal?: Principal;
  /** for the access log: why the credentials of the request or the signature of a webhook were refused */
  refusedFor?: Refusal['cause'] | 'bad-signature';
};

type ScopedAccess = Extract<Access, { kind: 'scopes' }>;

const adminOnly: Access = { kind: 'scopes', anyOf: ['admin'], clientToken: false };
const bearer = /^Bearer +(\S+)$/i;

/** Lets a request through if its key has the scope that the route needs. A route that names no scope needs `admin`. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Authentication) private readonly authentication: Authentication,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, targets) ?? adminOnly;
    if (access.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    request.principal = await this.authenticate(request, access);
    this.authorize(request, access);
    const concernsAll = this.reflector.getAllAndOverride<boolean | undefined>(allPlatformsKey, targets) === true;
    if (concernsAll && reachOf(request.principal) !== Reach.all) throw needsAllPlatforms();
    return true;
  }

  private async authenticate(request: AuthenticatedRequest, access: ScopedAccess): Promise<Principal> {
    const sent = credentialOf(request, access);
    const found = await this.authentication.authenticate(sent, request.ip);
    if (found.kind === 'api-key' || found.kind === 'client-token') return found;
    request.refusedFor = found.cause;
    if (found.kind === 'unauthenticated') throw unauthenticated(found.cause);
    throw new Problem('rate-limited', { retryAfterSeconds: found.retryAfterSeconds });
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
function credentialOf({ headers, query }: FastifyRequest, { clientToken }: ScopedAccess): Credential {
  const { token } = query as { token?: unknown };
  if (headers.authorization === undefined && clientToken === 'bearer-or-query' && token !== undefined) {
    const isToken = typeof token === 'string' && token.startsWith('fct_');
    return isToken ? { secret: token } : { unusable: 'key-in-address' };
  }
  const secret = bearer.exec(headers.authorization ?? '')?.[1];
  if (secret === undefined) return { unusable: 'nothing-sent' };
  return /^fct?_/.test(secret) ? { secret } : { unusable: 'not-a-key' };
}
