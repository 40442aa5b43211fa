import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import type { AuthenticatedRequest } from './access.guard.js';
import type { Principal } from './scopes.js';

/** The principal of the request, in a controller's parameters. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('a public route has no principal');
  return principal;
});

export function actorOf(principal: Principal): Actor {
  return principal.kind === 'api-key'
    ? { kind: 'api-key', id: principal.id }
    : { kind: 'client-token', id: principal.sessionId };
}
