import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { OutageWatch } from '../core/outage-watch.js';
import { Database } from '../database/database.js';
import type { QueueBackend } from '../queue/backend.js';
import { QUEUE_BACKEND } from '../queue/queue-backend.token.js';

const patienceMs = 1500;

/** `ok` and `missing` describe what a process needs. The others are information only: the process stays ready. */
export type Check = 'ok' | 'missing' | 'open' | 'half-open' | 'inconsistent' | 'refused';

/** Knows whether the process can do its work, and if not, what is missing. */
@Injectable()
export class Readiness implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Readiness.name);
  private readonly watches: { readonly database: OutageWatch; readonly queue: OutageWatch };
  private stopping = false;
  private readonly informants = new Map<string, () => Check | null | Promise<Check | null>>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(QUEUE_BACKEND) private readonly queue: QueueBackend,
  ) {
    this.watches = {
      database: new OutageWatch('PostgreSQL', () => answers(database.ping()), this.logger),
      queue: new OutageWatch('Redis', () => answers(queue.ping()), this.logger),
    };
  }

  onApplicationBootstrap(): void {
    this.database.onTrouble(({ message }) => this.watches.database.suspect(message));
    this.queue.onTrouble((why) => this.watches.queue.suspect(why));
  }

  /** From now on /readyz asks load balancers to send no more requests. */
  drain(): void {
    this.stopping = true;
  }

  /**
   * Adds a check that is information only, such as iDenfy's. Without iDenfy the service still accepts sessions and
   * webhooks; taking every replica out of the load balancer would only turn its outage into ours.
   *
   * @param tell returns null if there is nothing to show
   */
  alsoTell(name: string, tell: () => Check | null | Promise<Check | null>): void {
    this.informants.set(name, tell);
  }

  beforeApplicationShutdown(): void {
    this.drain();
    this.watches.database.stop();
    this.watches.queue.stop();
  }

  async check(): Promise<{ checks: Record<string, Check>; missing: string[] }> {
    const [database, queue] = await Promise.all([answers(this.database.ping()), answers(this.queue.ping())]);
    if (!database) this.watches.database.suspect('it does not answer');
    // A queue in the database is away only when the database is.
    if (!queue && this.queue.kind === 'redis') this.watches.queue.suspect('it does not answer');
    const found = { database, queue, process: !this.stopping };
    const needed = Object.entries(found).map(([name, ok]): [string, Check] => [name, ok ? 'ok' : 'missing']);
    const told = database ? await this.informed() : [];
    const missing = needed.filter(([, check]) => check === 'missing').map(([name]) => name);
    return { checks: Object.fromEntries([...needed, ...told]), missing };
  }

  private async informed(): Promise<[string, Check][]> {
    const told = [...this.informants].map(async ([name, tell]): Promise<[string, Check] | null> => {
      const check = await inTime(Promise.resolve(tell()));
      return check && [name, check];
    });
    return (await Promise.all(told)).filter((check) => check !== null);
  }
}

const answers = async (ping: Promise<void>): Promise<boolean> => (await inTime(ping.then(() => true))) ?? false;

/** @returns null when it fails, or takes too long */
function inTime<T>(answer: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, patienceMs, null)));
  return Promise.race([answer.catch(() => null), late]).finally(() => clearTimeout(timer));
}
