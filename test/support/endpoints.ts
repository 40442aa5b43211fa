/** Endpoints and deliveries by the API, as tests use them. */
import { type Receiver } from './receiver.js';
import { waitFor } from './wait-for.js';
import type { Client } from './client.js';

export interface EndpointBody {
  id: string;
  url: string;
  secret: string;
  eventTypes: string[];
  description: string;
  disabled: boolean;
  disabledReason: string | null;
  disabledAt: string | null;
  failingSince: string | null;
  heldUntil: string | null;
}

export interface DeliveryBody {
  id: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  sessionId: string | null;
  position: number | null;
  state: string;
  nextTryAt: string | null;
  endedAt: string | null;
  attempts: {
    at: string;
    durationSeconds: number;
    status: number | null;
    error: string | null;
    responseBody?: string | null;
  }[];
}

export type CreatedEndpoint = EndpointBody & { path: string };

let paths = 0;

/** An endpoint with a path of its own at the receiver. */
export async function createEndpoint(client: Client, receiver: Receiver, rest: object = {}): Promise<CreatedEndpoint> {
  const path = `/hook-${(paths += 1)}`;
  const { body } = await client.post('/v1/endpoints', { url: `${receiver.url}${path}`, ...rest }).expect(201);
  return { ...(body as EndpointBody), path };
}

/** The newest first. */
export async function deliveriesOf(client: Client, endpointId: string, state?: string): Promise<DeliveryBody[]> {
  const query = state === undefined ? '' : `&state=${state}`;
  const { body } = await client.get(`/v1/endpoints/${endpointId}/deliveries?limit=200${query}`).expect(200);
  return (body as { data: DeliveryBody[] }).data;
}

/** Its deliveries of that state, once there are so many. */
export function untilDeliveries(client: Client, endpointId: string, state: string, count = 1): Promise<DeliveryBody[]> {
  const look = async () => {
    const found = await deliveriesOf(client, endpointId, state);
    return found.length >= count ? found : null;
  };
  return waitFor(look, { what: `${count} ${state} deliveries` });
}

/** The delivery once it looks so. */
export function untilDelivery(
  client: Client,
  id: string,
  what: string,
  looksSo: (delivery: DeliveryBody) => boolean,
): Promise<DeliveryBody> {
  const look = async () => {
    const { body } = await client.get(`/v1/deliveries/${id}`).expect(200);
    return looksSo(body as DeliveryBody) ? (body as DeliveryBody) : null;
  };
  return waitFor(look, { what });
}
