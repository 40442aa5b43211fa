import type { KeyObject } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Readiness } from '../../http/readiness.js';
import { JournalGuard } from './journal-guard.service.js';
import { JOURNAL_KEY } from './journal-key.js';
import type { NoteSigner } from './signed-note.js';

/** Signs everything that the journal's key signs, except checkpoints. */
@Injectable()
export class JournalSignatures implements OnApplicationBootstrap {
  constructor(
    @Inject(JOURNAL_KEY) private readonly signer: NoteSigner,
    @Inject(JournalGuard) private readonly guard: JournalGuard,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  /** The process stays ready, because it must still receive webhooks. */
  onApplicationBootstrap(): void {
    this.readiness.alsoTell('journal', async () => ((await this.guard.fault()) ? 'inconsistent' : null));
  }

  /** @returns null while the journal is inconsistent: then nothing is signed */
  async key(): Promise<KeyObject | null> {
    return (await this.guard.fault()) ? null : this.signer.privateKey;
  }
}
