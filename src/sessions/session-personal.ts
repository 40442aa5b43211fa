import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { sessionPersonalContext } from '../attempts/moments.service.js';
import type { SessionWithAttempts } from '../attempts/rows.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
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
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @param key a live one */
  seal(sessionId: string, fields: PersonalFields, key: SubjectKey): Buffer {
    const sealer = this.keys.sealerOf(key);
    if (!sealer) throw new Error(`subject key ${key.id} is destroyed`);
    return sealer.sealJson(fields, sessionPersonalContext(sessionId));
  }

  /** After erasure there is nothing to tell. */
  open({ session, subjectKey }: Pick<SessionWithAttempts, 'session' | 'subjectKey'>): PersonalFields {
    if (session.personalSealed.length === 0) return nothing;
    const opened = this.keys.sealerOf(subjectKey)?.openJson(session.personalSealed, sessionPersonalContext(session.id));
    return (opened as PersonalFields | undefined) ?? nothing;
  }

  /** By which a reference is found although it is sealed. */
  referenceDigest(reference: string): Buffer {
    return this.referenceDigests(reference)[0]!;
  }

  /** One for each configured key: rows written before a rotation are found too. */
  referenceDigests(reference: string): Buffer[] {
    return this.settings.keys.encryption.map((key) =>
      createHmac('sha256', key).update(`session-reference:${reference}`).digest(),
    );
  }
}
