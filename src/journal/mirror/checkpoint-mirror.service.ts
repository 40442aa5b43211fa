/**
 * Keeps checkpoints outside of the database, so that who owns that cannot rewrite the journal unseen, its signatures
 * included. Only the newest is brought: each has in it what the former ones had, so after an outage none is caught up on.
 * Sealing never waits for it. Several processes may bring the same one; the last one counts once.
 */
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { SETTINGS } from '../../config/settings.token.js';
import { Metrics } from '../../http/metrics.js';
import { SweepSources } from '../../queue/sweep-sources.js';
import { CheckpointMirrorStore } from './checkpoint-mirror.store.js';
import { JournalTail } from '../journal-tail.js';
import { bring, MirrorDiffers, type MirrorTarget } from './mirror-target.js';

const retryMs = { first: 1000, most: 60_000 } as const;

@Injectable()
export class CheckpointMirror implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CheckpointMirror.name);
  private readonly target: MirrorTarget | null;
  private watching: { stop: () => void } | null = null;
  private running: Promise<void> | null = null;
  /** whether something was sealed since the run under way has looked */
  private again = false;
  private over = false;
  private failures = 0;
  private notBefore = 0;

  constructor(
    @Inject(SETTINGS) { checkpointMirror }: Settings,
    @Inject(CheckpointMirrorStore) private readonly store: CheckpointMirrorStore,
    @Inject(JournalTail) private readonly tail: JournalTail,
    @Inject(SweepSources) private readonly sources: SweepSources,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {
    this.target = checkpointMirror;
  }

  onApplicationBootstrap(): void {
    if (!this.target) return;
    this.watching = this.tail.watch(() => this.poke());
    this.sources.add({ name: 'checkpoints that are not mirrored', overdue: () => (this.poke(), Promise.resolve([])) });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.over = true;
    this.watching?.stop();
    await this.running;
  }

  private poke(): void {
    this.again = true;
    if (this.over || Date.now() < this.notBefore) return;
    this.running ??= this.run().finally(() => (this.running = null));
  }

  private async run(): Promise<void> {
    while (this.again && !this.over) {
      this.again = false;
      try {
        await this.bringNewest(this.target!);
      } catch (error) {
        return this.failed(error);
      }
    }
  }

  private async bringNewest(target: MirrorTarget): Promise<void> {
    const due = await this.store.due();
    if (!due) return;
    await bring(target, due.size, due.note);
    await this.store.mirrored(due.size);
    this.metrics.checkpointMirror.inc({ result: 'kept' });
    if (this.failures > 0) this.logger.log('checkpoints are mirrored again');
    this.failures = 0;
  }

  /** One line for an outage, however long it lasts. */
  private failed(error: unknown): void {
    const differs = error instanceof MirrorDiffers;
    this.metrics.checkpointMirror.inc({ result: differs ? 'differs' : 'failed' });
    const reason =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
    if (this.failures === 0) this.logger[differs ? 'error' : 'warn'](`CHECKPOINT_MIRROR: ${reason}; trying on`);
    this.notBefore = Date.now() + Math.min(retryMs.most, retryMs.first * 2 ** this.failures);
    this.failures += 1;
  }
}
