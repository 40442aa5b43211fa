import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor, Administrator } from '../core/actor.js';
import { Problem } from '../core/errors.js';
import type { AuthenticatedRequest } from './access.guard.js';
import { allPlatforms, platformOfEvent } from '../core/platform.js';
import { Reach } from '../core/reach.js';
import type { Principal } from './scopes.js';
import { invalid } from './validation.js';

/** The principal of the request, in a controller's parameters. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('a public route has no principal');
  return principal;
});

/** What the principal of the request may see, in a controller's parameters. */
export const CurrentReach = createParamDecorator((_: unknown, context: ExecutionContext): Reach => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('a public route has no principal');
  return reachOf(principal);
});

export const reachOf = ({ platform }: Principal): Reach => Reach.of(platform);

/** @param why a sentence: what the request concerns beyond the platform of its key */
export const needsAllPlatforms = (why = 'This concerns all platforms.'): Problem =>
  new Problem('forbidden', { detail: `${why} Use an API key of all platforms ("platform": "*").` });

export function actorOf(principal: Principal): Actor {
  return principal.kind === 'api-key'
    ? { kind: 'api-key', id: principal.id }
    : { kind: 'client-token', id: principal.sessionId };
}

/** With the key's name and owner, for events that must say who acted, even when the key is gone. */
export function namedActorOf(principal: Principal): Actor {
  if (principal.kind !== 'api-key') return actorOf(principal);
  const { name, owner } = principal;
  return { ...actorOf(principal), name, owner };
}

/** @throws Problem `forbidden` for a client token: it may not administer anything */
export function administratorOf(principal: Principal): Administrator {
  if (principal.kind !== 'api-key') throw new Problem('forbidden');
  return { actor: namedActorOf(principal), platform: platformOfEvent(principal.platform) };
}

/**
 * The platform of what this principal creates. A key of all platforms may name the platform. Other keys create things for
 * their own platform.
 * @param named in the request @param fallback for a key of all platforms that names none
 * @throws Problem `invalid-request`: the key belongs to another platform
 */
export function chosenPlatform(principal: Principal, named: string | undefined, fallback: string): string {
  if (principal.kind !== 'api-key') throw new Problem('forbidden');
  const { platform } = principal;
  if (platform === allPlatforms) return named ?? fallback;
  if (named === undefined || named === platform) return platform;
  throw invalid([{ field: 'platform', message: `must be ${platform}, the platform of the API key, or be left out` }]);
}
