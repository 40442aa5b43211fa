import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Sealer } from '../core/sealing.js';

/** What the platform told about the person and its own business; sealed at rest. */
export interface PersonalFields {
  reference: string | null;
  metadata: Record<string, string>;
  initiator: { ip?: string; userAgent?: string } | null;
}

@Injectable()
export class SessionPersonal {
  constructor(
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  seal(sessionId: string, fields: PersonalFields): Buffer {
    return this.sealer.sealJson(fields, `session-personal:${sessionId}`);
  }

  open(sessionId: string, sealed: Buffer): PersonalFields {
    return this.sealer.openJson(sealed, `session-personal:${sessionId}`);
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
