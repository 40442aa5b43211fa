/** A server in a process of its own, with a folder of its own, which tests stop, kill and start again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { waitFor } from './wait-for.js';

const startSeconds = 120;
const stopSeconds = 60;
const keptOutput = 4000;

export interface ServerPlan {
  readonly name: string;
  readonly url: string;
  readonly program: string;
  readonly args: readonly string[];
  /** everything the server writes; gone after `remove` */
  readonly folder: string;
  /** whom to run as, instead of us */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly stopSignal: NodeJS.Signals;
  /** whether it answers now */
  readonly answers: () => Promise<boolean>;
}

export class ServerProcess {
  private child: ChildProcess | null = null;
  private output = '';

  private constructor(private readonly plan: ServerPlan) {}

  /** @throws Error with the end of its output when it does not answer in time; nothing is left behind then */
  static async start(plan: ServerPlan): Promise<ServerProcess> {
    const server = new ServerProcess(plan);
    try {
      await server.restart();
    } catch (error) {
      server.abandon();
      throw error;
    }
    return server;
  }

  get url(): string {
    return this.plan.url;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.plan.name} does not run`);
    return this.child.pid;
  }

  /** As an operator stops it; the data stays. */
  async stop(): Promise<void> {
    await this.end(this.plan.stopSignal);
  }

  /** As a crash ends it; what was not synced to the disk by then is for the server to recover. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Starts it again on the same port and data, after stopping it where it runs. */
  async restart(): Promise<void> {
    await this.stop();
    const answers = async () => {
      // After a crash the children of the old process may hold its memory and port for a moment more.
      if (!this.runs) this.launch();
      return this.runs && (await this.plan.answers());
    };
    try {
      await waitFor(answers, { what: `${this.plan.name} to answer`, withinSeconds: startSeconds });
    } catch (error) {
      throw new Error(`${(error as Error).message}; it said: ${this.output}`, { cause: error });
    }
  }

  /** For `afterAll`: ends it and deletes its data. */
  async remove(): Promise<void> {
    await this.kill();
    this.abandon();
  }

  /** As `remove`, for the moment before our own process ends: nothing can be waited for. */
  abandon(): void {
    this.child?.kill('SIGKILL');
    rmSync(this.plan.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private get runs(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  private launch(): void {
    const { program, args, folder, user } = this.plan;
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...user });
    const keep = (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-keptOutput));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(error.message)));
    this.child = child;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || !this.runs) return;
    const closed = once(child, 'exit');
    const late = setTimeout(() => child.kill('SIGKILL'), stopSeconds * 1000);
    child.kill(signal);
    await closed;
    clearTimeout(late);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}
