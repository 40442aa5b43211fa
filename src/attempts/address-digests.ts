import { Inject, Injectable } from '@nestjs/common';
import { canonicalAddress } from '../core/ip-address.js';
import { KeyedDigests } from '../core/keyed-digests.js';
import type { SubjectKey } from '../journal/personal-keys.js';
import type { Input } from './decision.js';

/** By which an address is found although it is kept sealed only: keyed, because all addresses can be tried. */
@Injectable()
export class AddressDigests {
  constructor(@Inject(KeyedDigests) private readonly digests: KeyedDigests) {}

  /** @returns null for what is no address */
  of(address: string): Buffer | null {
    return this.all(address)[0] ?? null;
  }

  /** Every digest that a row may have: rows written before a rotation are found, too. */
  all(address: string): Buffer[] {
    const canonical = canonicalAddress(address);
    if (canonical === null) return [];
    return this.digests.all('ip', canonical);
  }

  /** Of the address that a result came from. A subject that was erased leaves no trace of this kind any more. */
  ofResult(input: Input, subjectKey: SubjectKey | null): Buffer | null {
    const selfieIp = input.kind === 'result' ? input.personal?.selfieIp : undefined;
    return typeof selfieIp === 'string' && subjectKey?.sealed ? this.of(selfieIp) : null;
  }
}
