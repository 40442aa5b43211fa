import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { Metrics } from '../http/metrics.js';

@Injectable()
export class StreamMetrics {
  readonly open: Gauge<'over'>;
  readonly dropped: Counter;
  readonly sent: Counter;

  constructor(@Inject(Metrics) { registry }: Metrics) {
    const registers = [registry];
    this.open = new Gauge({
      name: 'facecode_streams_open',
      help: 'Open streams by what they are over: one session, or all events.',
      labelNames: ['over'],
      registers,
    });
    this.dropped = new Counter({
      name: 'facecode_streams_dropped_total',
      help: 'Readers that were dropped because they took nothing for too long.',
      registers,
    });
    this.sent = new Counter({
      name: 'facecode_stream_events_total',
      help: 'Events sent over streams, once for each reader.',
      registers,
    });
  }
}
