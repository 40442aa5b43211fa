import { Inject, Injectable } from '@nestjs/common';
import type { SessionWithAttempts } from '../attempts/rows.js';
import { KeyedDigests } from '../core/keyed-digests.js';
import { sealedColumns } from '../database/sealed-columns.js';
import { PersonalKeys, type SubjectKey } from '../journal/personal-keys.js';

/** What the platform told about the person and its own business; sealed at rest with the subject's key. */
export interface PersonalFields {
  reference: string | null;
  metadata: Record<string, string>;
  initiator: { ip?: string; userAgent?: string } | null;
}

const nothing: PersonalFields = { reference: null, metadata: {}, initiator: null };

@Injectable()
export class SessionPersonal {
  constructor(
    @Inject(PersonalKeys) private readonly keys: PersonalKeys,
    @Inject(KeyedDigests) private readonly digests: KeyedDigests,
  ) {}

  /** @param key a live one */
  seal(sessionId: string, fields: PersonalFields, key: SubjectKey): Buffer {
    const sealer = this.keys.sealerOf(key);
    if (!sealer) throw new Error(`subject key ${key.id} is destroyed`);
    return sealer.sealJson(fields, sealedColumns.sessionPersonal.context(sessionId));
  }

  /** After erasure there is nothing to tell. */
  open({ session, subjectKey }: Pick<SessionWithAttempts, 'session' | 'subjectKey'>): PersonalFields {
    if (session.personalSealed.length === 0) return nothing;
    const opened = this.keys
      .sealerOf(subjectKey)
      ?.openJson(session.personalSealed, sealedColumns.sessionPersonal.context(session.id));
    return (opened as PersonalFields | undefined) ?? nothing;
  }

  /** By which a reference is found although it is sealed. */
  referenceDigest(reference: string): Buffer {
    return this.digests.of('session-reference', reference);
  }

  /** Every digest that a row may have: rows written before a rotation are found, too. */
  referenceDigests(reference: string): Buffer[] {
    return this.digests.all('session-reference', reference);
  }
}
