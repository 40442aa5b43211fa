/** The content of `journal.accepted` events. Pure. */
import type { EventMac } from '../event-mac.js';
import type { StoredEvent } from './sealing.store.js';

/** Positions in order, as text: `7, 9-12`. */
export class Positions {
  private readonly ranges: [first: number, last: number][] = [];

  /** @param text as `toString` writes it */
  static parse(text: string): Positions {
    const positions = new Positions();
    for (const range of text.split(', ')) {
      const [first = '', last = first] = range.split('-');
      if (first !== '') positions.ranges.push([Number(first), Number(last)]);
    }
    return positions;
  }

  /** They come in ascending order. */
  add(position: number): void {
    const last = this.ranges.at(-1);
    if (last && last[1] === position - 1) last[1] = position;
    else this.ranges.push([position, position]);
  }

  has(position: number): boolean {
    return this.ranges.some(([first, last]) => first <= position && position <= last);
  }

  /** Number of ranges. */
  get length(): number {
    return this.ranges.length;
  }

  toString(): string {
    return this.ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
  }
}

/** The events that operators have set aside by accepting the journal. */
export interface SetAside {
  /** ids of events that never get a position */
  events: ReadonlySet<string>;
  has(position: number): boolean;
}

/** @param acceptances all `journal.accepted` events; those with a wrong MAC are ignored */
export function setAsideIn(acceptances: readonly StoredEvent[], macs: EventMac): SetAside {
  const genuine = acceptances.filter((event) => macs.isOf(event, event.mac)).map(({ data }) => data);
  const positions = genuine.map(({ positions: text }) => Positions.parse(String(text)));
  return {
    events: new Set(genuine.flatMap(({ events }) => events as string[])),
    has: (position) => positions.some((ranges) => ranges.has(position)),
  };
}
