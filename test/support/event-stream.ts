/** A reader of server-sent events over a real connection. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { EventBody } from './client.js';
import { waitFor } from './wait-for.js';

export interface Message {
  id: string;
  event: string;
  data: EventBody;
}

export class EventStream {
  readonly messages: Message[] = [];
  comments = 0;
  /** how the connection ended; null while it is open */
  ended: 'end' | 'cut' | null = null;
  private buffer = '';

  private constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    private readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.read(text));
    response.on('end', () => (this.ended ??= 'end'));
    response.on('error', () => (this.ended ??= 'cut'));
    response.on('close', () => (this.ended ??= 'cut'));
  }

  /** @param headers beside them nothing is sent, so the key or token is to be among them or in the address */
  static open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const asked = request(url, { headers, agent: false }, (response) =>
        resolve(new EventStream(response.statusCode ?? 0, response.headers, response)),
      );
      asked.once('error', reject);
      asked.end();
    });
  }

  get events(): EventBody[] {
    return this.messages.map(({ data }) => data);
  }

  get types(): string[] {
    return this.messages.map(({ event }) => event);
  }

  /** The messages once there are so many. */
  async atLeast(count: number): Promise<Message[]> {
    await waitFor(() => this.messages.length >= count, { what: `${count} messages` });
    return this.messages;
  }

  /** Everything that came until the server ended it. */
  async untilEnd(): Promise<Message[]> {
    await waitFor(() => this.ended !== null, { what: 'the stream to end' });
    if (this.ended === 'cut') throw new Error('the stream was cut, not ended');
    return this.messages;
  }

  close(): void {
    this.response.destroy();
  }

  /** Takes nothing more from the connection. */
  stopReading(): void {
    this.response.pause();
    this.response.socket.pause();
  }

  private read(text: string): void {
    this.buffer += text;
    const blocks = this.buffer.split('\n\n');
    this.buffer = blocks.pop()!;
    for (const block of blocks) this.readBlock(block.split('\n'));
  }

  private readBlock(lines: readonly string[]): void {
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const data = field('data');
    if (lines[0]?.startsWith(':')) this.comments += 1;
    if (data === undefined) return;
    this.messages.push({ id: field('id') ?? '', event: field('event') ?? '', data: JSON.parse(data) as EventBody });
  }
}
