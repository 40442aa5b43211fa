import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { canonicalAddress } from '../core/ip-address.js';
import type { SubjectKey } from '../journal/personal-keys.js';
import type { Input } from './decision.js';

/** By which an address is found although it is kept sealed only: keyed, because all addresses can be tried. */
@Injectable()
export class AddressDigests {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  /** @returns null for what is no address */
  of(address: string): Buffer | null {
    return this.all(address)[0] ?? null;
  }

  /** One for each configured key, that which writes first: rows written before a rotation are found too. */
  all(address: string): Buffer[] {
    const canonical = canonicalAddress(address);
    if (canonical === null) return [];
    return this.settings.keys.encryption.map((key) => createHmac('sha256', key).update(`ip:${canonical}`).digest());
  }

  /** Of the address that a result came from. A subject that was erased leaves no trace of this kind any more. */
  ofResult(input: Input, subjectKey: SubjectKey | null): Buffer | null {
    const selfieIp = input.kind === 'result' ? input.personal?.selfieIp : undefined;
    return typeof selfieIp === 'string' && subjectKey?.sealed ? this.of(selfieIp) : null;
  }
}
