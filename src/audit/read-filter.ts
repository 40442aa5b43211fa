/** What of a request goes into the access log. Pure. */

export type ReadFilter = Readonly<Record<string, string>>;

/** Where in a list one reads, and how much at once, is no filter: the pages of one search are one entry. */
const paging: readonly string[] = ['cursor', 'after', 'limit', 'wait'];

/** Filters whose values may be told. Those of others may be of a person or a secret, so only that they were given is. */
const tellable: readonly string[] = [
  'id',
  'eventId',
  'platform',
  'sessionId',
  'scanRef',
  'state',
  'status',
  'outcome',
  'failReason',
  'signal',
  'type',
  'bucket',
  'format',
  'from',
  'to',
  'createdAfter',
  'createdBefore',
];

const valueLength = 200;

/** @param asked parameters of the path and the query, as they came */
export function readFilter(asked: Readonly<Record<string, unknown>>): ReadFilter {
  const named = Object.entries(asked).filter(([name, value]) => value !== undefined && !paging.includes(name));
  const told = named.map(([name, value]) => [name, tellable.includes(name) ? textOf(value) : 'given'] as const);
  return Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const textOf = (value: unknown): string =>
  (Array.isArray(value) ? value.join(',') : String(value)).toWellFormed().slice(0, valueLength);
