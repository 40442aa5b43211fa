import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { sha256 } from '../core/digest.js';
import { Sealer } from '../core/sealing.js';
import { sealedColumns } from '../database/sealed-columns.js';
import type { AttemptRow, Channel } from './rows.js';

/** What iDenfy gave for one attempt. The token is as good as the digits: both stay sealed. */
interface Secret {
  token: string;
  code: string | null;
}

/** What the channels of a session make of it for the user. */
export interface RevealedCode {
  code?: string;
  url?: string;
  token?: string;
}

/** Finds the attempt a token belongs to without keeping the token. */
export const tokenDigest = (token: string): Buffer => sha256(`idenfy-token:${token}`);

/** The last two digits, enough for a person to tell codes apart and for nobody to use one. */
export function codeHint(code: string | null): string | null {
  return code === null ? null : `${'•'.repeat(code.length - 2)}${code.slice(-2)}`;
}

/** The only place where codes and tokens are sealed and opened. */
@Injectable()
export class AttemptSecrets {
  constructor(
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  seal(attemptId: string, secret: Secret): { sealed: Buffer; tokenDigest: Buffer } {
    return {
      sealed: this.sealer.sealJson(secret, sealedColumns.attemptSecret.context(attemptId)),
      tokenDigest: tokenDigest(secret.token),
    };
  }

  /** The token without the digits, sealed again; null once the secret is wiped. */
  tokenOnly(attempt: AttemptRow): Buffer | null {
    const token = this.token(attempt);
    return token === null ? null : this.seal(attempt.id, { token, code: null }).sealed;
  }

  /** For asking iDenfy about the session; null once the secret is wiped. */
  token(attempt: AttemptRow): string | null {
    if (!attempt.secretSealed) return null;
    return this.sealer.openJson<Secret>(attempt.secretSealed, sealedColumns.attemptSecret.context(attempt.id)).token;
  }

  /** @returns null once the secret is wiped */
  reveal(attempt: AttemptRow, channels: readonly Channel[]): RevealedCode | null {
    if (!attempt.secretSealed) return null;
    const { token, code } = this.sealer.openJson<Secret>(
      attempt.secretSealed,
      sealedColumns.attemptSecret.context(attempt.id),
    );
    const url = new URL(this.settings.idenfy.faceUrl);
    url.searchParams.set('token', token);
    return {
      ...(channels.includes('code') && code !== null ? { code } : {}),
      ...(channels.includes('web') ? { url: url.toString() } : {}),
      ...(channels.includes('sdk') ? { token } : {}),
    };
  }
}
