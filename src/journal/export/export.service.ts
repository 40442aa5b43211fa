/** The journal as a file that stands for itself: its events, and what proves them without this service. */
import { Inject, Injectable } from '@nestjs/common';
import { ExportStore } from './export.store.js';
import type { ExportBounds } from './export-range.js';
import {
  csvHead,
  csvRow,
  type ExportFormat,
  type ExportProof,
  jsonLine,
  type PlatformExportProof,
  type ProvenExportEvent,
} from './export-text.js';
import { Reach } from '../../core/reach.js';
import type { JournalEvent } from '../journal-event.js';
import { JournalProofs } from '../tree/journal-proofs.service.js';
import { JournalStore } from '../journal.store.js';
import { signPlatformStatement } from './platform-statement.js';
import { verifierKey } from '../tree/signed-note.js';
import type { SealedCheckpoint } from '../tree/tree.store.js';

/** So many events are in memory at a time. */
const page = 500;

export interface ExportPlan {
  /** one platform's events only; null: every event */
  platform: string | null;
  /** positions; `to` is `from` less one when there is nothing */
  from: number;
  to: number;
  /** how many events */
  events: number;
  checkpoint: SealedCheckpoint;
}

@Injectable()
export class JournalExport {
  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalProofs) private readonly proofs: JournalProofs,
    @Inject(ExportStore) private readonly store: ExportStore,
  ) {}

  /**
   * Fixes now which events are exported: later events are not in the export, however long it takes.
   * @param platform whose events; null: the whole journal
   */
  async plan({ from, to }: ExportBounds, platform: string | null): Promise<ExportPlan> {
    const checkpoint = await this.proofs.latest();
    const within = {
      from: Math.max(1, from && 'position' in from ? from.position : 1),
      to: Math.min(checkpoint.size, to && 'position' in to ? to.position : checkpoint.size),
    };
    const since = from && 'at' in from ? from.at : null;
    const until = to && 'at' in to ? to.at : null;
    const nothing = { from: within.to + 1, to: within.to };
    if (within.from > within.to) return { ...nothing, platform, events: 0, checkpoint };
    const reach = reachOf(platform);
    const found = since || until ? await this.store.positionsOf(within, reach, since, until) : within;
    const range = found ?? nothing;
    const events = platform === null ? range.to - range.from + 1 : await this.store.count(range, reach);
    return { ...range, platform, events, checkpoint };
  }

  /** The file, page by page; a page is read when it is asked for. */
  async *text(plan: ExportPlan, format: ExportFormat): AsyncGenerator<string> {
    if (format === 'csv') yield csvHead;
    let written = 0;
    for (let after = plan.from - 1; written < plan.events;) {
      const limit = Math.min(page, plan.events - written);
      const events = await this.journal.read({ reach: reachOf(plan.platform), after, limit });
      const last = events.at(-1)?.position;
      if (last === undefined || last > plan.to) throw new Error(`the journal has no events after ${after} any more`);
      yield (await this.lines(plan, format, events)).join('');
      after = last;
      written += events.length;
    }
    if (format === 'ndjson') yield jsonLine(await this.proof(plan));
  }

  private async lines(plan: ExportPlan, format: ExportFormat, events: readonly JournalEvent[]): Promise<string[]> {
    if (format === 'csv') return events.map(csvRow);
    if (plan.platform === null) return events.map((event) => jsonLine(event));
    const treeSize = plan.checkpoint.size;
    const paths = await this.proofs.inclusion(
      events.map(({ position }) => position),
      treeSize,
    );
    return events.map((event, nth) => {
      const proof = { treeSize, leafIndex: event.position - 1, hashes: paths[nth]!.map(base64) };
      const proven: ProvenExportEvent = { ...event, proof };
      return jsonLine(proven);
    });
  }

  private async proof(plan: ExportPlan): Promise<ExportProof | PlatformExportProof> {
    const { platform, from, to, events, checkpoint } = plan;
    const { signer } = this.proofs;
    const treeSize = checkpoint.size;
    const signed = {
      treeSize,
      checkpoint: checkpoint.note,
      verifierKey: verifierKey(signer),
      publicKey: signer.key.export({ format: 'pem', type: 'spki' }).toString(),
    };
    if (platform === null) {
      const hashes = await this.proofs.range(from - 1, to, treeSize);
      return { kind: 'facecode-export-proof', version: 1, from, to, ...signed, hashes: hashes.map(base64) };
    }
    const kind = 'facecode-platform-export-statement';
    const statement = { kind, version: 1, platform, from, to, events, treeSize } as const;
    const signature = signPlatformStatement(statement, signer.privateKey);
    return { kind: 'facecode-export-proof', version: 2, platform, from, to, events, ...signed, signature };
  }
}

const reachOf = (platform: string | null): Reach => (platform === null ? Reach.all : Reach.of(platform));

const base64 = (hash: Buffer): string => hash.toString('base64');
