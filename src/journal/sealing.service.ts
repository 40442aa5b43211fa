import { Inject, Injectable } from '@nestjs/common';
import { JournalStore } from './journal.store.js';

const batch = 1000;
/** An event older than this and still unsealed has lost its job. */
const overdueMs = 1000;

/** Gives events their positions, in the order in which they became durable. */
@Injectable()
export class SealingService {
  constructor(@Inject(JournalStore) private readonly journal: JournalStore) {}

  async sealAll(): Promise<void> {
    while ((await this.journal.seal(batch)) === batch);
  }

  isOverdue(now: Date): Promise<boolean> {
    return this.journal.hasUnsealed(new Date(now.getTime() - overdueMs));
  }
}
