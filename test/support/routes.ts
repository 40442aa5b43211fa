/** Every route of the OpenAPI document, each called for real. */
import type { Client, SessionBody } from './client.js';
import { EventStream } from './event-stream.js';

/** What there is to be read: nothing is shown of what does not exist. */
export interface Things {
  /** it is in review, and has events and a delivery */
  held: SessionBody;
  /** a new one with a live code, for each route that moves it */
  active: () => Promise<SessionBody>;
  /** a new one in review, for each route that decides or claims */
  toReview: () => Promise<SessionBody>;
  endpointId: string;
  deliveryId: string;
  webhookId: string;
  eventId: string;
  /** a subject with a legal hold */
  heldSubject: string;
  /** one that may be erased */
  erasable: string;
}

export interface Operation {
  /** such as `GET /v1/sessions/{id}` */
  name: string;
  method: string;
  path: string;
  /** neither an API key nor a client token is needed */
  isPublic: boolean;
  /** it answers without a body */
  isSilent: boolean;
}

interface Document {
  paths: Record<string, Record<string, { security?: object[]; responses: Record<string, unknown> }>>;
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method,
      path,
      isPublic: (security ?? []).length === 0,
      isSilent: Object.keys(responses)
        .filter((status) => Number(status) < 300)
        .every((status) => status === '204'),
    })),
  );
}

const bodies: Record<string, object> = {
  'POST /v1/sessions': { scanRef: 'routes-created' },
  'POST /v1/api-keys': { name: 'made', scopes: ['audit'] },
  'POST /v1/endpoints': { url: 'http://127.0.0.1:18099/hooks' },
  'PATCH /v1/endpoints/{id}': { description: 'changed' },
  'POST /v1/endpoints/{id}/recover': { since: 1 },
  'POST /v1/sessions/{id}/review': { decision: 'fail', note: 'no' },
  'POST /v1/sessions/{id}/review/notes': { note: 'looked at it' },
  'PUT /v1/subjects/{scanRef}/legal-hold': { reason: 'a case' },
};

/** Routes that move a session need one that is active. */
const onActive = ['/v1/sessions/{id}/code', '/v1/sessions/{id}/attempts', '/v1/sessions/{id}/cancel'];

async function addressOf({ path }: Operation, things: Things): Promise<string> {
  const isReview = path.startsWith('/v1/sessions/{id}/review');
  const moved = isReview ? things.toReview : onActive.includes(path) ? things.active : null;
  const session = moved ? await moved() : things.held;
  const id = path.startsWith('/v1/endpoints')
    ? things.endpointId
    : path.startsWith('/v1/deliveries')
      ? things.deliveryId
      : path.startsWith('/v1/webhooks')
        ? things.webhookId
        : session.id;
  const address = path
    .replace('{id}', id)
    .replace('{sessionId}', session.id)
    .replace('{eventId}', things.eventId)
    .replace('{scanRef}', path.endsWith('/erase') ? things.erasable : things.heldSubject);
  return path.endsWith('/consistency') ? `${address}?from=1` : address;
}

/** @returns the status, once something was answered */
export async function call(operation: Operation, client: Client, things: Things): Promise<number> {
  const address = await addressOf(operation, things);
  if (operation.path.endsWith('/stream')) {
    const stream = await EventStream.open(`${client.url}${address}`, { authorization: `Bearer ${client.key}` });
    await stream.atLeast(1);
    stream.close();
    return stream.status;
  }
  const body = bodies[operation.name];
  const { status } = await (operation.method === 'get'
    ? client.get(address)
    : operation.method === 'patch'
      ? client.patch(address, body ?? {})
      : operation.method === 'put'
        ? client.put(address, body ?? {})
        : client.post(address, body));
  return status;
}
