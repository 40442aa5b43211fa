import type { EndpointResponse } from './endpoint.responses.js';
import type { EndpointRow } from './endpoints.store.js';

export function endpointView(row: EndpointRow): EndpointResponse {
  return {
    id: row.id,
    platform: row.platform,
    url: row.url,
    eventTypes: row.eventTypes ?? ['*'],
    description: row.description,
    disabled: row.disabledAt !== null,
    disabledReason: row.disabledReason,
    disabledAt: row.disabledAt?.toISOString() ?? null,
    failingSince: row.failingSince?.toISOString() ?? null,
    // Between the small steps of a recovery nobody waits for anything.
    heldUntil: row.holds > 0 ? (row.heldUntil?.toISOString() ?? null) : null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
