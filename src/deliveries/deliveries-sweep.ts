import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type JobSpec, jobs } from '../queue/jobs.js';
import { SweepSources } from '../queue/sweep-sources.js';
import { DueDeliveriesStore } from './due-deliveries.store.js';
import { FanOut } from './fan-out.service.js';

/** What is due for longer than this has lost its job. */
const graceMs = 3000;
const discardedAtOnce = 2000;

/** What the sweeper can derive from the journal and the rows of deliveries. */
@Injectable()
export class DeliveriesSweep implements OnModuleInit {
  constructor(
    @Inject(FanOut) private readonly fanOut: FanOut,
    @Inject(DueDeliveriesStore) private readonly due: DueDeliveriesStore,
    @Inject(SweepSources) private readonly sources: SweepSources,
  ) {}

  onModuleInit(): void {
    this.sources.add({
      name: 'events without deliveries',
      overdue: async (now) => ((await this.fanOut.isOverdue(now)) ? [jobs.fanOut()] : []),
    });
    this.sources.add({ name: 'deliveries past their time', overdue: (now, limit) => this.neglected(now, limit) });
    this.sources.add({
      name: 'deliveries of deleted endpoints',
      overdue: async (now) => {
        await this.due.discardOrphaned(now, discardedAtOnce);
        return [];
      },
    });
  }

  private async neglected(now: Date, limit: number): Promise<JobSpec[]> {
    const ids = await this.due.neglected(new Date(now.getTime() - graceMs), limit);
    return ids.map((id) => jobs.deliver(id));
  }
}
