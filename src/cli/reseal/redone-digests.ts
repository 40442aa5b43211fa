/** Computes keyed digests again with the first key, from the values that they were made from. */
import { canonicalAddress } from '../../core/ip-address.js';
import { type DigestPurpose, KeyedDigests } from '../../core/keyed-digests.js';
import { Sealer } from '../../core/sealing.js';
import type { Transaction } from '../../database/database.js';
import { sealedColumns } from '../../database/sealed-columns.js';
import { initiatorBlock } from '../../risk/velocity.service.js';
import { scanRefIn } from '../../webhooks/reading.js';
import type { DigestedAttempt, DigestedSession, PersonalEvent, ResealStore } from './reseal.store.js';

export interface DigestBatch {
  /** rows whose digests changed */
  changed: number;
  /** digests whose value is no longer stored; without the old key they find nothing */
  lost: number;
  /** id of the last row; null if there are no more rows */
  last: string | null;
}

interface Personal {
  reference?: string | null;
  initiator?: { ip?: string } | null;
}

/** Every digest that a row may have now, and the one that it should have. */
class Translation {
  private readonly current = new Map<string, Buffer>();

  constructor(private readonly digests: KeyedDigests) {}

  add(purpose: DigestPurpose, text: string): void {
    for (const one of this.digests.all(purpose, text))
      this.current.set(one.toString('hex'), this.digests.of(purpose, text));
  }

  /** @returns null if the value is not known */
  of(digest: Buffer): Buffer | null {
    return this.current.get(digest.toString('hex')) ?? null;
  }
}

export class RedoneDigests {
  constructor(
    private readonly digests: KeyedDigests,
    private readonly sealer: Sealer,
  ) {}

  async ofSessions(tx: Transaction, store: ResealStore, after: string, limit: number): Promise<DigestBatch> {
    const sessions = await store.nextSessions(tx, after, limit);
    const ids = sessions.map(({ id }) => id);
    const attempts = bySession(await store.digestedAttempts(tx, ids));
    const events = bySession(await store.personalEvents(tx, ids));
    const done: DigestBatch = { changed: 0, lost: 0, last: sessions.length < limit ? null : (ids.at(-1) ?? null) };
    for (const session of sessions) {
      const known = this.translation(session, events.get(session.id) ?? []);
      await this.redo(tx, store, { session, attempts: attempts.get(session.id) ?? [] }, known, done);
    }
    return done;
  }

  async ofWebhooks(tx: Transaction, store: ResealStore, after: string, limit: number): Promise<DigestBatch> {
    const bodies = await store.nextBodies(tx, after, limit);
    const done: DigestBatch = { changed: 0, lost: 0, last: bodies.length < limit ? null : (bodies.at(-1)?.id ?? null) };
    for (const { id, bodySealed, scanRefDigest } of bodies) {
      if (!this.sealer.knowsKeyOf(bodySealed)) continue;
      const scanRef = scanRefIn(this.sealer.open(bodySealed, sealedColumns.webhookBody.context(id)));
      const digest = scanRef === null ? null : this.digests.of('webhook-scan-ref', scanRef);
      if (digest === null || scanRefDigest?.equals(digest)) continue;
      await store.setScanRefDigest(tx, id, digest);
      done.changed += 1;
    }
    return done;
  }

  private async redo(
    tx: Transaction,
    store: ResealStore,
    { session, attempts }: { session: DigestedSession; attempts: readonly DigestedAttempt[] },
    known: Translation,
    done: DigestBatch,
  ): Promise<void> {
    const now = (digest: Buffer | null): Buffer | null => {
      const found = digest && known.of(digest);
      if (digest && !found) done.lost += 1;
      return found ?? digest;
    };
    const changed = {
      ...session,
      referenceDigest: now(session.referenceDigest),
      initiatorIpDigest: now(session.initiatorIpDigest),
      initiatorBlockDigest: now(session.initiatorBlockDigest),
    };
    if (!sameDigests(digestsOf(session), digestsOf(changed))) {
      await store.setSessionDigests(tx, changed);
      done.changed += 1;
    }
    for (const attempt of attempts) {
      const ipDigests = attempt.ipDigests.map((digest) => now(digest) ?? digest);
      if (!sameDigests(attempt.ipDigests, ipDigests)) await store.setAttemptDigests(tx, { ...attempt, ipDigests });
    }
  }

  private translation(session: DigestedSession, events: readonly PersonalEvent[]): Translation {
    const known = new Translation(this.digests);
    const sealer = this.sealerOf(session);
    if (!sealer) return known;
    const personal = openJson<Personal>(
      sealer,
      session.personalSealed,
      sealedColumns.sessionPersonal.context(session.id),
    );
    if (personal?.reference) known.add('session-reference', personal.reference);
    const initiatorIp = personal?.initiator?.ip;
    if (initiatorIp !== undefined) known.add('initiator-address', initiatorBlock(initiatorIp));
    const selfies = events.map(({ id, personalSealed, subjectKeyId }) => {
      const opener = subjectKeyId === null ? this.sealer : sealer;
      return openJson<{ selfieIp?: unknown }>(opener, personalSealed, sealedColumns.eventPersonal.context(id))
        ?.selfieIp;
    });
    for (const ip of [initiatorIp, ...selfies]) {
      const canonical = typeof ip === 'string' ? canonicalAddress(ip) : null;
      if (canonical !== null) known.add('ip', canonical);
    }
    return known;
  }

  private sealerOf({ subjectKeyId, keySealed }: DigestedSession): Sealer | null {
    if (subjectKeyId === null) return this.sealer;
    if (keySealed === null || !this.sealer.knowsKeyOf(keySealed)) return null;
    return new Sealer([this.sealer.open(keySealed, sealedColumns.subjectKey.context(subjectKeyId))]);
  }
}

function bySession<T extends { sessionId: string }>(rows: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) found.set(row.sessionId, [...(found.get(row.sessionId) ?? []), row]);
  return found;
}

const digestsOf = ({ referenceDigest, initiatorIpDigest, initiatorBlockDigest }: DigestedSession) => [
  referenceDigest,
  initiatorIpDigest,
  initiatorBlockDigest,
];

const sameDigests = (some: readonly (Buffer | null)[], others: readonly (Buffer | null)[]): boolean =>
  some.every((digest, at) => digest?.toString('hex') === others[at]?.toString('hex'));

function openJson<T>(sealer: Sealer, sealed: Buffer, context: string): T | null {
  try {
    return sealer.openJson<T>(sealed, context);
  } catch {
    return null;
  }
}
