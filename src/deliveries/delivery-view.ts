import type { DeliveryWithTries, TryRow } from './deliveries.store.js';
import type { DeliveryAttemptResponse, DeliveryResponse } from './delivery.responses.js';

/** @param answerOf opens the answers; without it they are left out */
export function deliveryView(
  { delivery, tries }: DeliveryWithTries,
  answerOf?: (row: TryRow) => string | null,
): DeliveryResponse {
  const { id, endpointId, eventId, eventType, sessionId, position, state, nextTryAt, createdAt, endedAt } = delivery;
  return {
    id,
    endpointId,
    eventId,
    eventType,
    sessionId,
    position,
    state,
    nextTryAt: nextTryAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    attempts: tries.map((row) => tryView(row, answerOf)),
  };
}

function tryView(row: TryRow, answerOf?: (row: TryRow) => string | null): DeliveryAttemptResponse {
  return {
    at: row.at.toISOString(),
    durationSeconds: row.durationMs / 1000,
    status: row.status,
    error: row.error,
    ...(answerOf ? { responseBody: answerOf(row) } : {}),
  };
}
