/** How exported events are written. Pure. */
import type { JournalEvent } from '../journal-event.js';

export const exportFormats = ['ndjson', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** The last line of an NDJSON export: what leads from its events to a signed root. */
export interface ExportProof {
  kind: 'facecode-export-proof';
  version: 1;
  /** first position */
  from: number;
  /** last position; `from` less one when there is no event */
  to: number;
  treeSize: number;
  /** signed note (C2SP) */
  checkpoint: string;
  /** as C2SP tools take it */
  verifierKey: string;
  /** PEM */
  publicKey: string;
  /** base64: the roots of the largest subtrees outside of the range, from left to right */
  hashes: string[];
}

/** An event of an export of one platform, whose positions are not dense: each event has its own proof. */
export interface ProvenExportEvent extends JournalEvent {
  proof: {
    treeSize: number;
    /** position less one */
    leafIndex: number;
    /** base64: the hashes beside the path from the leaf to the root, from the leaf up */
    hashes: string[];
  };
}

/** The last line of an NDJSON export of one platform. */
export interface PlatformExportProof {
  kind: 'facecode-export-proof';
  version: 2;
  platform: string;
  /** positions; if there are no events, `to` is `from` less one */
  from: number;
  to: number;
  /** number of the platform's events at these positions */
  events: number;
  treeSize: number;
  /** signed note (C2SP) */
  checkpoint: string;
  /** as C2SP tools take it */
  verifierKey: string;
  /** PEM */
  publicKey: string;
  /** base64: of the statement that these are all events of the platform (platform-statement.ts) */
  signature: string;
}

export const jsonLine = (value: JournalEvent | ExportProof | PlatformExportProof): string =>
  `${JSON.stringify(value)}\n`;

const cells: Readonly<Record<string, (event: JournalEvent) => string | number | null>> = {
  position: ({ position }) => position,
  id: ({ id }) => id,
  type: ({ type }) => type,
  platform: ({ platform }) => platform ?? null,
  sessionId: ({ sessionId }) => sessionId,
  attemptId: ({ attemptId }) => attemptId,
  seq: ({ seq }) => seq,
  at: ({ at }) => at,
  actorKind: ({ actor }) => actor.kind,
  actorId: ({ actor }) => actor.id,
  data: ({ data }) => JSON.stringify(data),
  personal: ({ personal }) => personal && JSON.stringify(personal),
  personalDigest: ({ personalDigest }) => personalDigest,
};

export const csvHead = csvLine(Object.keys(cells));

export const csvRow = (event: JournalEvent): string => csvLine(Object.values(cells).map((cell) => cell(event)));

/** RFC 4180. */
export function csvLine(row: readonly (string | number | null)[]): string {
  return `${row.map((cell) => (typeof cell === 'string' ? csvText(cell) : (cell ?? ''))).join(',')}\r\n`;
}

/** A spreadsheet takes a text that begins like this for a formula (OWASP, CSV injection); the apostrophe says it is none. */
function csvText(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
