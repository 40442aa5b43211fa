/** The journal as a file that stands for itself: its events, and what proves them without this service. */
import { Inject, Injectable } from '@nestjs/common';
import { ExportStore } from './export.store.js';
import type { ExportBounds } from './export-range.js';
import { csvHead, csvRow, type ExportFormat, type ExportProof, jsonLine } from './export-text.js';
import { JournalProofs } from '../tree/journal-proofs.service.js';
import { JournalStore } from '../journal.store.js';
import { verifierKey } from '../tree/signed-note.js';
import type { SealedCheckpoint } from '../tree/tree.store.js';

/** So many events are in memory at a time. */
const page = 500;

export interface ExportPlan {
  /** positions; `to` is `from` less one when there is nothing */
  from: number;
  to: number;
  checkpoint: SealedCheckpoint;
}

@Injectable()
export class JournalExport {
  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalProofs) private readonly proofs: JournalProofs,
    @Inject(ExportStore) private readonly store: ExportStore,
  ) {}

  /** Which events, as of now: what is sealed later is not among them, however long the export takes. */
  async plan({ from, to }: ExportBounds): Promise<ExportPlan> {
    const checkpoint = await this.proofs.latest();
    const within = {
      from: Math.max(1, from && 'position' in from ? from.position : 1),
      to: Math.min(checkpoint.size, to && 'position' in to ? to.position : checkpoint.size),
    };
    const since = from && 'at' in from ? from.at : null;
    const until = to && 'at' in to ? to.at : null;
    const nothing = { from: within.to + 1, to: within.to };
    if (within.from > within.to) return { ...nothing, checkpoint };
    const found = since || until ? await this.store.positionsOf(within, since, until) : within;
    return { ...(found ?? nothing), checkpoint };
  }

  /** The file, page by page; a page is read when it is asked for. */
  async *text(plan: ExportPlan, format: ExportFormat): AsyncGenerator<string> {
    const line = format === 'csv' ? csvRow : jsonLine;
    if (format === 'csv') yield csvHead;
    for (let after = plan.from - 1; after < plan.to;) {
      const events = await this.journal.read({ after, limit: Math.min(page, plan.to - after) });
      const last = events.at(-1)?.position;
      if (last === undefined || last > plan.to) throw new Error(`the journal has no events after ${after} any more`);
      yield events.map(line).join('');
      after = last;
    }
    if (format === 'ndjson') yield jsonLine(await this.proof(plan));
  }

  private async proof({ from, to, checkpoint }: ExportPlan): Promise<ExportProof> {
    const { signer } = this.proofs;
    const hashes = await this.proofs.range(from - 1, to, checkpoint.size);
    return {
      kind: 'facecode-export-proof',
      version: 1,
      from,
      to,
      treeSize: checkpoint.size,
      checkpoint: checkpoint.note,
      verifierKey: verifierKey(signer),
      publicKey: signer.key.export({ format: 'pem', type: 'spki' }).toString(),
      hashes: hashes.map((hash) => hash.toString('base64')),
    };
  }
}
