/** POST /partner/authentication-info: makes a session and its code, or fails in the way the scanRef asks for. */
import type { FastifyInstance } from 'fastify';
import { paths } from '../idenfy/contract.js';
import { createAnswer } from './create-answer.js';
import { cutOff } from './cut-off.js';
import { createFailures } from './create-failures.js';
import { readCreateRequest } from './create-request.js';
import type { ProviderParts } from './provider-parts.js';
import { isRefusal, refuse } from './refusal.js';
import { routeOf } from './route-of.js';
import { type SentinelName, wishOf } from './sentinels.js';
import type { Session } from './session.js';
import type { Tries } from './tries.js';

/** How many create calls of one scanRef lose their answer. */
const cutTries: Partial<Record<SentinelName, number>> = { cut: 1, 'cut-twice': 2, 'refuse-list': 1 };

export function createSessionRoute(scope: FastifyInstance, parts: ProviderParts, tries: Tries): void {
  const { sessions, recorder } = parts;
  scope.post(routeOf(paths.createSession), async (request, reply) => {
    const wanted = readCreateRequest(request.body);
    if (isRefusal(wanted)) return refuse(reply, wanted);
    const { scanRef } = wanted;
    recorder.about(request, { scanRef });

    const wish = wishOf(scanRef);
    const count = tries.next('create', scanRef);
    const failure = wish && createFailures[wish.name];
    if (failure && count <= failure.tries) {
      return reply
        .code(failure.status)
        .headers(failure.headers ?? {})
        .send(failure.body);
    }

    const session = sessions.open(wanted);
    recorder.about(request, { token: session.token });
    if (wish?.name === 'unknown-500' && count === 1) return reply.code(500).send({ message: 'Internal server error' });
    if (wish && count <= (cutTries[wish.name] ?? 0)) {
      return cutOff(request, reply);
    }
    await heldBack(session, parts);
    return reply.code(wish?.name === 'created-201' ? 201 : 200).send(createAnswer(wanted, session));
  });
}

async function heldBack(session: Session, { timers, verdicts }: ProviderParts): Promise<void> {
  if (session.wish?.name === 'slow') await timers.wait(session.wish.seconds);
  if (session.wish?.name === 'reordered') await verdicts.give(session, 'SUCCESS');
}
