/** GET check-status: may this scanRef authenticate by face? */
import type { FastifyInstance } from 'fastify';
import { authenticationType, faceMatching, paths } from '../idenfy/contract.js';
import type { ProviderParts } from './provider-parts.js';
import { bad, missing, refuse } from './refusal.js';
import { routeOf } from './route-of.js';
import { wishOf } from './sentinels.js';
import type { Tries } from './tries.js';

interface CheckStatus {
  Params: { scanRef: string };
  Querystring: { method?: string };
}

export function checkStatusRoute(
  scope: FastifyInstance,
  { recorder, identificationWishes }: ProviderParts,
  tries: Tries,
): void {
  scope.get<CheckStatus>(routeOf(paths.checkStatus(':scanRef')), async (request, reply) => {
    const { scanRef } = request.params;
    recorder.about(request, { scanRef });
    const { method } = request.query;
    if (method === undefined) return refuse(reply, missing('method'));
    if (method !== faceMatching) return refuse(reply, bad(`method must be ${faceMatching}`));
    switch (wishOf(scanRef)?.name) {
      case 'not-found':
        return reply.code(404).send({ message: 'Not found', identifier: 'NOT_FOUND' });
      case 'check-500':
        return tries.next('check', scanRef) <= 2 ? reply.code(500).send() : { type: authenticationType };
      case 'must-identify':
      case 'identify-cut':
      case 'identify-conflict':
      case 'identify-internal-error':
        identificationWishes.checked(scanRef);
        return { type: 'IDENTIFICATION' };
      case 'enrollment':
        return { type: 'ENROLLMENT' };
      default:
        return { type: authenticationType };
    }
  });
}
