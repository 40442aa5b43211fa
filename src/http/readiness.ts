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

/** `ok` and `missing` are of what a process needs; the others are for information and keep it ready. */
export type Check = 'ok' | 'missing' | 'open' | 'half-open';

/** Whether the process can do its work, and if not, what is missing. */
@Injectable()
export class Readiness implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Readiness.name);
  private readonly watches: { readonly database: OutageWatch; readonly queue: OutageWatch };
  private stopping = false;
  private readonly informants = new Map<string, () => Check | null>();

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

  /** From now on the process tells load balancers to send nothing more. */
  drain(): void {
    this.stopping = true;
  }

  /**
   * Something to tell beside what is needed. iDenfy is such: without it sessions and webhooks are accepted as ever, and
   * taking every replica out of the balancer would only make its outage ours.
   *
   * @param tell null: nothing to tell
   */
  alsoTell(name: string, tell: () => Check | null): void {
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
    // A queue on the database is away when that is.
    if (!queue && this.queue.kind === 'redis') this.watches.queue.suspect('it does not answer');
    const found = { database, queue, process: !this.stopping };
    const needed = Object.entries(found).map(([name, ok]): [string, Check] => [name, ok ? 'ok' : 'missing']);
    const told = [...this.informants].flatMap(([name, tell]): [string, Check][] => {
      const check = tell();
      return check === null ? [] : [[name, check]];
    });
    const missing = needed.filter(([, check]) => check === 'missing').map(([name]) => name);
    return { checks: Object.fromEntries([...needed, ...told]), missing };
  }
}

async function answers(ping: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, patienceMs, false)));
  const said = ping.then(
    () => true,
    () => false,
  );
  return Promise.race([said, late]).finally(() => clearTimeout(timer));
}
