/**
 * POST /api/v2/token: prepares an identification and returns its address, or fails as the sentinel of the check
 * demands.
 */
import type { FastifyInstance } from 'fastify';
import { paths } from '../idenfy/contract.js';
import { internalError } from './create-failures.js';
import { cutOff } from './cut-off.js';
import { identificationAnswer, readIdentificationRequest } from './identification-request.js';
import type { ProviderParts } from './provider-parts.js';
import { isRefusal, refuse } from './refusal.js';

/** iDenfy documents the status and this text, but not the body. */
const clientIdTaken = { message: 'Client ID already exists' };

export function createIdentificationRoute(scope: FastifyInstance, parts: ProviderParts): void {
  const { identifications, identificationWishes, recorder } = parts;
  scope.post(paths.createIdentification, async (request, reply) => {
    const wanted = readIdentificationRequest(request.body);
    if (isRefusal(wanted)) return refuse(reply, wanted);
    const { name, call } = identificationWishes.next(wanted.clientId);
    if (name === 'identify-conflict' || identifications.hasOpen(wanted.clientId)) {
      return reply.code(409).send(clientIdTaken);
    }
    if (name === 'identify-internal-error' && call === 1) {
      return reply.code(internalError.status).send(internalError.body);
    }

    const identification = identifications.open(wanted);
    const { authToken, scanRef } = identification;
    recorder.about(request, { token: authToken, scanRef });
    if (name === 'identify-cut') return cutOff(request, reply);
    const redirectUrl = `${request.protocol}://${request.host}/identify?authToken=${authToken}`;
    return reply.code(201).send({ ...identificationAnswer(wanted), authToken, scanRef, redirectUrl });
  });
}
