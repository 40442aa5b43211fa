import { Injectable } from '@nestjs/common';
import type { JobSpec } from './jobs.js';

/** Something that can tell from its rows which jobs are overdue. */
export interface SweepSource {
  name: string;
  /**
   * Jobs whose row is due and has been for longer than their own job would need, at most `limit`; or does the small
   * work itself and returns none.
   */
  overdue(now: Date, limit: number): Promise<JobSpec[]>;
}

/** Where the features hand in what they know to be overdue; the queue folder itself knows no table. */
@Injectable()
export class SweepSources {
  readonly all: SweepSource[] = [];

  add(source: SweepSource): void {
    this.all.push(source);
  }
}
