/** The data of the events that record who created, changed or deleted an endpoint. Pure. */
import { sha256 } from '../core/digest.js';
import type { EventData } from '../journal/journal-event.js';
import type { EndpointChanges, EndpointRow } from './endpoints.store.js';

/**
 * The path and the query of a URL may hold a token, so the journal has only the origin and a digest of the URL. A reader who
 * knows the URL can compare it with the digest.
 */
export const endpointFacts = ({ id, platform, url, eventTypes, disabledAt }: EndpointRow): EventData => ({
  endpointId: id,
  platform,
  origin: new URL(url).origin,
  urlDigest: sha256(url).toString('hex'),
  eventTypes: eventTypes ?? ['*'],
  disabled: disabledAt !== null,
});

/** Which fields of the API the changes give another value. */
export function changedFields(row: EndpointRow, changes: EndpointChanges): string[] {
  const { url = row.url, eventTypes = row.eventTypes, description = row.description } = changes;
  const { disabledAt = row.disabledAt } = changes;
  const changed = {
    url: url !== row.url,
    eventTypes: String(eventTypes) !== String(row.eventTypes),
    description: description !== row.description,
    disabled: (disabledAt === null) !== (row.disabledAt === null),
  };
  return Object.entries(changed).flatMap(([field, isChanged]) => (isChanged ? [field] : []));
}
