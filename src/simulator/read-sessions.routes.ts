/** The session API: what became of one session, or of all. */
import type { FastifyInstance } from 'fastify';
import { paths, type ProviderSession } from '../idenfy/contract.js';
import type { ProviderParts } from './provider-parts.js';
import { routeOf } from './route-of.js';
import type { Session } from './session.js';
import type { Tries } from './tries.js';

export function readSessionsRoutes(scope: FastifyInstance, { sessions, recorder }: ProviderParts, tries: Tries): void {
  scope.get(paths.listSessions, async (_, reply) => {
    const refused = sessions.all.some(({ wish, state }) => wish?.name === 'refuse-list' && state === 'OPEN');
    return refused ? reply.code(403).send({ message: 'Forbidden' }) : sessions.all.map(providerSession);
  });

  scope.get<{ Params: { token: string } }>(routeOf(paths.readSession(':token')), async (request, reply) => {
    const { token } = request.params;
    const session = sessions.withToken(token);
    recorder.about(request, { token, scanRef: session?.scanRef ?? null });
    const fails = session?.wish?.name === 'api-500-twice' && tries.next('read', token) <= 2;
    if (fails) return reply.code(500).send({ detail: 'Internal server error.' });
    if (!session || session.wish?.name === 'api-404') return reply.code(404).send({ detail: 'Not found.' });
    const { approved, ...unclear } = providerSession(session);
    return session.wish?.name === 'api-unclear' ? unclear : { ...unclear, approved };
  });
}

function providerSession(session: Session): ProviderSession {
  return {
    id: session.id,
    givenScanRef: session.scanRef,
    tokenString: session.token,
    approved: session.approved,
    type: session.type,
    authenticationMethod: session.method,
    facePhoto: session.facePhoto,
  };
}
