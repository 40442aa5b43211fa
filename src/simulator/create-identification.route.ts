/** POST /api/v2/token: prepares an identification, and answers where the user goes for it. */
import type { FastifyInstance } from 'fastify';
import { identificationTokenType, paths } from '../idenfy/contract.js';
import type { ProviderParts } from './provider-parts.js';
import { bad, isRefusal, missing, type Refusal, refuse } from './refusal.js';

const maxClientIdLength = 100;

interface Wanted {
  readonly clientId: string;
  readonly externalRef: string | null;
}

export function createIdentificationRoute(scope: FastifyInstance, { identifications, recorder }: ProviderParts): void {
  scope.post(paths.createIdentification, async (request, reply) => {
    const wanted = readWanted(request.body);
    if (isRefusal(wanted)) return refuse(reply, wanted);
    const identification = identifications.open(wanted);
    const { authToken, scanRef, clientId } = identification;
    recorder.about(request, { token: authToken, scanRef });
    const redirectUrl = `${request.protocol}://${request.host}/identify?authToken=${authToken}`;
    const message = 'Token created successfully';
    return reply.code(201).send({ message, authToken, scanRef, clientId, redirectUrl });
  });
}

function readWanted(body: unknown): Wanted | Refusal {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return bad('the body must be a JSON object');
  const { clientId, tokenType, externalRef, locale, expiryTime } = body as Record<string, unknown>;
  if (clientId === undefined || clientId === '') return missing('clientId');
  if (typeof clientId !== 'string' || clientId.length > maxClientIdLength)
    return bad(`clientId must be text of at most ${maxClientIdLength} characters`);
  if (tokenType !== undefined && tokenType !== identificationTokenType)
    return bad(`tokenType must be ${identificationTokenType}`);
  if (externalRef !== undefined && typeof externalRef !== 'string') return bad('externalRef must be text');
  if (locale !== undefined && typeof locale !== 'string') return bad('locale must be a lower-case language code');
  if (expiryTime !== undefined && (typeof expiryTime !== 'number' || !(expiryTime >= 1)))
    return bad('expiryTime must be a number of seconds');
  return { clientId, externalRef: externalRef ?? null };
}
