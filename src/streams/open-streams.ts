import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { withoutLogFields } from '../core/log-context.js';
import { Places } from '../core/places.js';
import { ApiKeysStore } from '../http/api-keys.store.js';
import { ClientTokensStore } from '../http/client-tokens.store.js';
import type { Principal } from '../http/scopes.js';
import { SseConnection } from './sse-connection.js';
import { StreamMetrics } from './stream-metrics.js';
import { StreamLimits } from './stream-limits.js';

/** Why no stream is opened. */
export type StreamRefusal = 'stopping' | 'too-many' | 'too-many-of-key' | 'too-many-of-token';

/** The open streams of this process: how many there may be, and what ends them beside their readers. */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly open = new Map<SseConnection, Principal>();
  private readonly places = new Places();
  private timer: NodeJS.Timeout | undefined;
  private over = false;

  constructor(
    @Inject(ApiKeysStore) private readonly keys: ApiKeysStore,
    @Inject(ClientTokensStore) private readonly tokens: ClientTokensStore,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(StreamLimits) private readonly limits: StreamLimits,
    @Inject(StreamMetrics) private readonly metrics: StreamMetrics,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'http'>,
  ) {}

  /** Why no further stream can be opened for them; null: one can. */
  refusal(principal: Principal): StreamRefusal | null {
    if (this.over) return 'stopping';
    if (this.open.size >= this.settings.http.streamsMax) return 'too-many';
    const { perKey, perToken } = this.limits;
    const [most, refusal] =
      principal.kind === 'api-key'
        ? ([perKey, 'too-many-of-key'] as const)
        : ([perToken, 'too-many-of-token'] as const);
    return this.places.hasRoom(idOf(principal), most) ? null : refusal;
  }

  /** Begins the answer. */
  connect(reply: FastifyReply, principal: Principal, over: 'session' | 'events'): SseConnection | StreamRefusal {
    const refusal = this.refusal(principal);
    if (refusal) return refusal;
    const connection = SseConnection.open(reply, this.limits, () => this.metrics.dropped.inc());
    this.open.set(connection, principal);
    const leave = this.places.take(idOf(principal));
    this.metrics.open.inc({ over });
    this.timer ??= withoutLogFields(() => setInterval(() => void this.recheck(), this.limits.recheckMs).unref());
    connection.onClose(() => {
      this.open.delete(connection);
      leave();
      this.metrics.open.dec({ over });
      if (this.open.size === 0) this.stopRechecking();
    });
    return connection;
  }

  /** Before the server waits for its last connections. Their readers resume elsewhere. */
  beforeApplicationShutdown(): void {
    this.over = true;
    for (const connection of this.open.keys()) connection.end();
  }

  private stopRechecking(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Ends the streams whose API key or client token is no longer live. */
  private async recheck(): Promise<void> {
    const holders = [...this.open];
    const [keys, tokens] = await Promise.all([
      liveAmong(this.keys, idsOf(holders, 'api-key'), this.clock.now()),
      liveAmong(this.tokens, idsOf(holders, 'client-token'), this.clock.now()),
    ]);
    for (const [connection, who] of holders) {
      if (!(who.kind === 'api-key' ? keys : tokens).has(idOf(who))) connection.end();
    }
  }
}

const idOf = (who: Principal): string => (who.kind === 'api-key' ? who.id : who.sessionId);

const idsOf = (holders: readonly (readonly [SseConnection, Principal])[], kind: Principal['kind']): Set<string> =>
  new Set(holders.flatMap(([, who]) => (who.kind === kind ? idOf(who) : [])));

/** If the database is away, all keys and tokens count as live, so that its outage ends no stream. */
async function liveAmong(store: ApiKeysStore | ClientTokensStore, ids: Set<string>, now: Date): Promise<Set<string>> {
  return ids.size === 0 ? ids : store.liveAmong([...ids], now).catch(() => ids);
}
