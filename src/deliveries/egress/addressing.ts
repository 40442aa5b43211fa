/** Which endpoints an event goes to. Pure. */
import { Reach } from '../../core/reach.js';
import { wants } from '../event-filter.js';
import type { JournalEntry, Recovering, Subscriber } from '../fan-out.store.js';

/** @returns ids of the endpoints */
export function addressees(entry: JournalEntry, subscribers: readonly Subscriber[]): string[] {
  return subscribers.filter((subscriber) => isFor(subscriber, entry)).map(({ id }) => id);
}

/** Whether an endpoint that recovers missed events gets this one. */
export function recovers(endpoint: Recovering, entry: JournalEntry): boolean {
  const isMeant = entry.position <= endpoint.until && (endpoint.since === null || entry.at >= endpoint.since);
  return isMeant && (mustHear(entry, endpoint.id) || wantsToHear(endpoint, entry));
}

function isFor(subscriber: Subscriber, entry: JournalEntry): boolean {
  if (mustHear(entry, subscriber.id)) return true;
  return !subscriber.disabled && entry.position > subscriber.fromPosition && wantsToHear(subscriber, entry);
}

/** An endpoint that received a person's data must learn of the erasure, whatever its `eventTypes` are. */
const mustHear = (entry: JournalEntry, id: string): boolean => entry.type === 'subject.erased' && names(entry, id);

const wantsToHear = ({ id, platform, eventTypes }: Subscriber, entry: JournalEntry): boolean =>
  Reach.of(platform).covers(entry.platform) && !concerns(entry, id) && wants(eventTypes, entry.type);

/** Events about an endpoint's own failures go to the other endpoints only. */
const concerns = ({ type, data }: JournalEntry, id: string): boolean =>
  type.startsWith('endpoint.') && data.endpointId === id;

const names = ({ data }: JournalEntry, id: string): boolean =>
  Array.isArray(data.endpoints) && (data.endpoints as readonly unknown[]).includes(id);
