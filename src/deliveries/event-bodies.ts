import { Inject, Injectable } from '@nestjs/common';
import { JournalStore } from '../journal/journal.store.js';
import { deliveryBody } from './delivery-body.js';

interface Reading {
  ids: Set<string>;
  bodies: Promise<Map<string, string>>;
}

/**
 * Bodies made from the journal as it is now: what was erased meanwhile is not in them, so none is kept. An event goes to
 * many endpoints in the same moment, and is read once for all that ask in it.
 */
@Injectable()
export class EventBodies {
  private next: Reading | null = null;

  constructor(@Inject(JournalStore) private readonly journal: JournalStore) {}

  /** @throws Error when the journal has no such event */
  async of(eventId: string): Promise<string> {
    const reading = (this.next ??= this.begin());
    reading.ids.add(eventId);
    const body = (await reading.bodies).get(eventId);
    if (body === undefined) throw new Error(`the journal has no event ${eventId}`);
    return body;
  }

  private begin(): Reading {
    const ids = new Set<string>();
    return { ids, bodies: this.read(ids) };
  }

  private async read(ids: ReadonlySet<string>): Promise<Map<string, string>> {
    await new Promise((resolve) => setImmediate(resolve));
    this.next = null;
    const events = await this.journal.byIds([...ids]);
    return new Map(events.map((event) => [event.id, deliveryBody(event)]));
  }
}
