import type { Pool, PoolClient } from 'pg';

const reconnectAfterMs = 1000;

/** Hears NOTIFY on one channel over a client of the pool's, and takes another client when that one is lost. */
export class Listener {
  private client: PoolClient | null = null;
  private stopped = false;
  private retry: NodeJS.Timeout | undefined;

  /** @param channel an identifier: it becomes part of the statement */
  constructor(
    private readonly pool: Pool,
    private readonly channel: string,
    private readonly heard: () => void,
  ) {
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.letGo();
  }

  private async connect(): Promise<void> {
    try {
      const client = await this.pool.connect();
      this.client = client;
      client.on('notification', ({ channel }) => {
        if (channel === this.channel) this.heard();
      });
      client.once('error', () => this.lose(client));
      client.once('end', () => this.lose(client));
      await client.query(`listen ${this.channel}`);
      if (this.stopped) this.letGo();
      // Something may have been notified while nobody listened.
      else this.heard();
    } catch {
      this.lose(this.client);
    }
  }

  private lose(client: PoolClient | null): void {
    if (client !== this.client) return;
    this.letGo();
    if (this.stopped) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), reconnectAfterMs).unref();
  }

  /** It still listens, so nobody else may have it. */
  private letGo(): void {
    const { client } = this;
    this.client = null;
    client?.release(true);
  }
}
