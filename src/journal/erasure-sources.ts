import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/database.js';

/** Whose data goes. */
interface ErasedSubject {
  scanRef: string;
  /** every session that was sealed with one of its keys, locked by the transaction */
  sessionIds: readonly string[];
  /** true: erase everything of the subject, also what belongs to none of its sessions */
  whole: boolean;
  now: Date;
}

/** One kind of thing that a feature keeps of a subject beside what is sealed with the subject's key. */
export interface ErasureSource {
  /** as the certificate names it, for example "bodies of received webhooks" */
  what: string;
  /** every column that it looks at, as `table.column`, comma-separated */
  where: string;
  /** Locks rows that must be locked before keys and sessions (Database.transaction). */
  lock?(tx: Transaction, scanRef: string): Promise<void>;
  /** Removes it. @returns how many there were */
  erase(tx: Transaction, subject: ErasedSubject): Promise<number>;
}

/** Each feature registers what it stores; the erasure knows no feature by name. */
@Injectable()
export class ErasureSources {
  readonly all: ErasureSource[] = [];
  /** Ids of the consumers' endpoints that have received events of these sessions. */
  receivers: (tx: Transaction, sessionIds: readonly string[]) => Promise<string[]> = () => Promise.resolve([]);

  add(source: ErasureSource): void {
    this.all.push(source);
  }
}
