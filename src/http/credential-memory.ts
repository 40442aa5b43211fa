import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { sha256 } from '../core/digest.js';
import type { UnauthenticatedCause } from './unauthenticated.js';

/** The limit of each of the two lists. Beyond it, the credential that was unused for longest is forgotten. */
const rememberedMax = 10_000;
/** If a key was refused here, and another process then creates it, it works here after this time at the latest. */
const refusedForMs = 1000;

/**
 * Remembers credentials in this process, by their digests. A refused credential is refused again for a moment without a
 * query. An accepted credential is still looked up at each request, so that a revocation works at once. While an address is
 * turned away for too many failures, only credentials that were accepted before are looked up.
 */
@Injectable()
export class CredentialMemory {
  private readonly refused = new Map<string, { cause: UnauthenticatedCause; untilMs: number }>();
  private readonly accepted = new Map<string, true>();

  constructor(@Inject(Clock) private readonly clock: Clock) {}

  /** @returns why it was refused a moment ago, or null */
  refusalOf(secret: string): UnauthenticatedCause | null {
    const found = this.refused.get(keyOf(secret));
    return found && found.untilMs > this.nowMs() ? found.cause : null;
  }

  wasAccepted(secret: string): boolean {
    return this.accepted.has(keyOf(secret));
  }

  accept(secret: string): void {
    const key = keyOf(secret);
    this.refused.delete(key);
    remember(this.accepted, key, true);
  }

  refuse(secret: string, cause: UnauthenticatedCause): void {
    const key = keyOf(secret);
    this.accepted.delete(key);
    remember(this.refused, key, { cause, untilMs: this.nowMs() + refusedForMs });
  }

  private nowMs(): number {
    return this.clock.now().getTime();
  }
}

/** Puts the key last. The first one was unused for longest. */
function remember<Value>(among: Map<string, Value>, key: string, value: Value): void {
  among.delete(key);
  among.set(key, value);
  if (among.size <= rememberedMax) return;
  const [oldest] = among.keys();
  if (oldest !== undefined) among.delete(oldest);
}

const keyOf = (secret: string): string => sha256(secret).toString('base64');
