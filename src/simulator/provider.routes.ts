/** iDenfy's endpoints, as its documentation describes them; trailing slashes are part of the paths. */
import type { FastifyInstance } from 'fastify';
import { checkStatusRoute } from './check-status.route.js';
import { createIdentificationRoute } from './create-identification.route.js';
import { createSessionRoute } from './create-session.route.js';
import type { ProviderParts } from './provider-parts.js';
import { readSessionsRoutes } from './read-sessions.routes.js';
import { Tries } from './tries.js';

export function providerRoutes(scope: FastifyInstance, parts: ProviderParts): void {
  const tries = new Tries();
  checkStatusRoute(scope, parts, tries);
  createSessionRoute(scope, parts, tries);
  readSessionsRoutes(scope, parts, tries);
  createIdentificationRoute(scope, parts);
}
