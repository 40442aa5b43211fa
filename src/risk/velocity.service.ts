import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { KeyedDigests } from '../core/keyed-digests.js';
import type { Transaction } from '../database/database.js';
import { addressBlock } from '../http/address-block.js';
import type { Raised } from './facts.js';
import { plainAddress } from './network.js';
import { judgeCreation } from './rules.js';
import { VelocityStore } from './velocity.store.js';

/**
 * How many sessions there were of late, asked when one is created. Sessions that are created in the same instant do not
 * see each other: no lock stands between them, so a burst is flagged some sessions late, and every one after that.
 */
@Injectable()
export class Velocity {
  constructor(
    @Inject(VelocityStore) private readonly store: VelocityStore,
    @Inject(KeyedDigests) private readonly digests: KeyedDigests,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** By which sessions of one initiator are counted without keeping the address; null when it is not known. */
  initiatorDigest(ip: string | null): Buffer | null {
    return this.initiatorDigests(ip)[0] ?? null;
  }

  /** The session that is about to be created, in its transaction. */
  async judge(tx: Transaction, session: { scanRef: string; initiatorIp: string | null; now: Date }): Promise<Raised[]> {
    const { velocitySessions, velocityWindowSeconds } = this.settings.signals;
    if (velocitySessions === 0) return [];
    const since = new Date(session.now.getTime() - velocityWindowSeconds * 1000);
    const digests = this.initiatorDigests(session.initiatorIp);
    const sessionsOfScanRef = await this.store.sessionsOfScanRef(tx, session.scanRef, since, velocitySessions);
    const ofInitiator =
      digests.length === 0 ? null : await this.store.sessionsOfInitiator(tx, digests, since, velocitySessions);
    return judgeCreation({
      sessionsOfScanRef: sessionsOfScanRef + 1,
      sessionsOfInitiator: ofInitiator === null ? null : ofInitiator + 1,
      velocitySessions,
      velocityWindowSeconds,
    });
  }

  /** Every digest that a row may have: rows written before a rotation are counted, too. */
  private initiatorDigests(ip: string | null): Buffer[] {
    return ip === null ? [] : this.digests.all('initiator-address', initiatorBlock(ip));
  }
}

/** What sessions of one initiator have in common: the address, or for IPv6 the /64, because a subscriber has all of it. */
export const initiatorBlock = (ip: string): string => addressBlock(plainAddress(ip));
