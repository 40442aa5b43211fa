import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { KeyedDigests } from '../core/keyed-digests.js';
import type { Transaction } from '../database/database.js';
import { spellingsOf } from '../idenfy/scan-ref.js';
import { ErasureSources } from '../journal/erasure-sources.js';
import { BodyPurgeStore } from './body-purge.store.js';
import { names } from './reading.js';
import { WebhooksStore } from './webhooks.store.js';

/** How many bodies are opened at once. */
const page = 200;

/** Finds the bodies of received webhooks that name a subject, whether or not they belong to an attempt, and deletes them. */
@Injectable()
export class BodyErasure implements OnModuleInit {
  constructor(
    @Inject(BodyPurgeStore) private readonly store: BodyPurgeStore,
    @Inject(WebhooksStore) private readonly webhooks: WebhooksStore,
    @Inject(KeyedDigests) private readonly digests: KeyedDigests,
    @Inject(ErasureSources) private readonly sources: ErasureSources,
  ) {}

  onModuleInit(): void {
    this.sources.add({
      what: 'bodies of received webhooks, whether or not they belong to an attempt',
      where: 'webhooks.body_sealed, webhooks.scan_ref_digest, webhooks.error',
      lock: (tx, scanRef) => this.lock(tx, scanRef),
      erase: (tx, { scanRef, sessionIds, whole }) => this.erase(tx, scanRef, sessionIds, whole),
    });
  }

  /** Webhooks are locked before everything else (Database.transaction). */
  private async lock(tx: Transaction, scanRef: string): Promise<void> {
    await this.store.lock(tx, scanRef, this.digestsOf(await this.store.scanRefsOf(tx, scanRef)));
  }

  /** @param whole false: only webhooks of these sessions. @returns number of webhooks that were changed */
  private async erase(
    tx: Transaction,
    scanRef: string,
    sessionIds: readonly string[],
    whole: boolean,
  ): Promise<number> {
    const ofSessions = await this.store.purgeOfSessions(tx, sessionIds);
    if (!whole) return ofSessions;
    const scanRefs = await this.store.scanRefsOf(tx, scanRef);
    const named = await this.store.purgeNaming(tx, this.digestsOf(scanRefs));
    return ofSessions + named + (await this.eraseUnindexed(tx, scanRefs));
  }

  /** Opens the bodies that no digest finds: those from before the digests, and those that could not be read on arrival. */
  private async eraseUnindexed(tx: Transaction, scanRefs: readonly string[]): Promise<number> {
    let erased = 0;
    for (let after = ''; ;) {
      const bodies = await this.store.unindexed(tx, after, page);
      const theirs = bodies.filter((body) => names(this.webhooks.bodyOf(body), scanRefs)).map(({ id }) => id);
      if (theirs.length > 0) erased += await this.store.purge(tx, theirs);
      after = bodies.at(-1)?.id ?? after;
      if (bodies.length < page) return erased;
    }
  }

  private digestsOf(scanRefs: readonly string[]): Buffer[] {
    // New rows have the digest of the normal spelling; older rows have the digest of the spelling in the body.
    return scanRefs.flatMap(spellingsOf).flatMap((spelling) => this.digests.all('webhook-scan-ref', spelling));
  }
}
