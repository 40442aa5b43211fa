import { Inject, Injectable } from '@nestjs/common';
import { withoutLogFields } from '../core/log-context.js';
import { Database } from '../database/database.js';
import { DueDeliveriesStore, type Succeeded } from './due-deliveries.store.js';

const batchMax = 200;

interface Waiting {
  success: Succeeded;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Writes down successes, those that come while the database is busy with others in one statement. */
@Injectable()
export class SuccessRecorder {
  private readonly waiting: Waiting[] = [];
  private writing = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(DueDeliveriesStore) private readonly store: DueDeliveriesStore,
  ) {}

  /** Resolves when it is durable. */
  record(success: Succeeded): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ success, resolve, reject });
      // The batches belong to many jobs, so their log lines name none.
      if (!this.writing) void withoutLogFields(() => this.writeAll());
    });
  }

  private async writeAll(): Promise<void> {
    this.writing = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, batchMax);
      const successes = batch.map(({ success }) => success);
      try {
        await this.database.transaction((tx) => this.store.recordSuccesses(tx, successes));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.writing = false;
  }
}
