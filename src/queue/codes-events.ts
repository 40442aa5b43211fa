import type { OnApplicationShutdown } from '@nestjs/common';
import { type ConnectionOptions, QueueEvents } from 'bullmq';

/**
 * Tells a waiting request that work on its attempt has come to an end, in whichever process that happened. The jobs of
 * the queue `codes` return the id of the attempt they have settled, and BullMQ carries it here.
 */
export class CodesEvents implements OnApplicationShutdown {
  private readonly events: QueueEvents;
  private readonly waiting = new Map<string, () => void>();

  constructor(connection: ConnectionOptions, prefix: string) {
    this.events = new QueueEvents('codes', { connection, prefix });
    this.events.on('error', () => undefined);
    this.events.on('completed', ({ returnvalue }) => this.waiting.get(unquoted(returnvalue))?.());
  }

  /** Call before the job can be there. @returns a promise of the end of the work and a way to stop waiting */
  expect(attemptId: string): { settled: Promise<void>; forget: () => void } {
    const settled = new Promise<void>((resolve) => this.waiting.set(attemptId, resolve));
    return { settled, forget: () => void this.waiting.delete(attemptId) };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.events.close();
  }
}

/** The value comes as JSON or as itself, depending on the backend. */
const unquoted = (value: unknown): string => String(value ?? '').replaceAll('"', '');
