/**
 * An operator accepts an inconsistent journal. Events that the service has not recorded are set aside, and sealing resumes
 * with the others. Checkpoints that are signed from then on show the acceptance.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/database.js';
import { JournalStore } from '../journal.store.js';
import { JournalGuard, type OpenTree } from './journal-guard.service.js';
import { JournalSurvey } from './journal-survey.service.js';
import { SealingService } from './sealing.service.js';
import type { Survey } from './survey.js';
import { TreeWriter } from './tree-writer.service.js';

/** More would not fit into one event that is sent to consumers. */
const listedMost = { ranges: 500, events: 200 } as const;

export type Acceptance =
  | { kind: 'accepted'; survey: Survey }
  /** nothing is wrong, and sealing is not stopped */
  | { kind: 'not-needed'; survey: Survey }
  | { kind: 'other-root'; survey: Survey }
  /** too much is wrong: restore a backup */
  | { kind: 'too-much'; survey: Survey };

@Injectable()
export class JournalAcceptance {
  constructor(
    @Inject(JournalSurvey) private readonly survey: JournalSurvey,
    @Inject(SealingService) private readonly sealing: SealingService,
    @Inject(TreeWriter) private readonly writer: TreeWriter,
    @Inject(JournalGuard) private readonly guard: JournalGuard,
    @Inject(JournalStore) private readonly journal: JournalStore,
  ) {}

  /** @param root the root that the operator has seen */
  accept(root: Buffer): Promise<Acceptance> {
    return this.sealing.inTurn(async (tx) => {
      const survey = await this.survey.make(tx);
      if (!survey.root.equals(root)) return { kind: 'other-root', survey };
      if (survey.faults.length === 0 && !(await this.guard.isStopped(tx))) return { kind: 'not-needed', survey };
      const { badPositions, badEvents } = survey;
      if (badPositions.length > listedMost.ranges || badEvents.length > listedMost.events) {
        return { kind: 'too-much', survey };
      }
      await this.writer.removeCheckpoints(tx, survey.strangeCheckpoints);
      const tree = await this.treeOf(tx, survey);
      await this.sealing.setAside(tx, badEvents);
      await this.record(tx, survey);
      await this.guard.resume(tx);
      await this.sealing.sealAccepted(tx, tree);
      return { kind: 'accepted', survey };
    });
  }

  /** Nothing is written if the stored tree is the surveyed one. */
  private async treeOf(tx: Transaction, survey: Survey): Promise<OpenTree> {
    const { size, root, sound, signedSize, accepted } = survey;
    if (!sound || size > signedSize) await this.writer.replace(tx, this.survey.leaves(survey, tx));
    return { size, root, tiles: this.writer.tiles(tx), accepted: accepted + 1 };
  }

  private async record(tx: Transaction, survey: Survey): Promise<void> {
    const { size, root, badPositions, badEvents, accepted, faults } = survey;
    const known = this.guard.outside.newest;
    const data = {
      size,
      root: root.toString('base64'),
      acceptance: accepted + 1,
      reason: faults[0]?.reason ?? null,
      positions: badPositions.toString(),
      events: badEvents,
      known: known && { size: known.size, root: known.root.toString('base64') },
    };
    const actor = { kind: 'system', id: 'facecode journal accept' } as const;
    const event = { type: 'journal.accepted', attemptId: null, data } as const;
    await this.journal.appendLoose(tx, [event], this.writer.clock.now(), actor, null);
  }
}
