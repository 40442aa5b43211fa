/** What an event has to be on its own and after the one before it, whatever the tree says. Pure. */
import { canonicalJson, type Json } from '../../core/canonical-json.js';
import { sha256 } from '../../core/digest.js';
import { leafHash } from '../tree/merkle.js';

export type JsonObject = { readonly [name: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the object has exactly these members. */
export function hasMembers(object: JsonObject, names: readonly string[]): boolean {
  return Object.keys(object).length === names.length && names.every((name) => Object.hasOwn(object, name));
}

/** Parsed JSON, undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The hash of everything that the event says but `personal`: one member more or less is another leaf. */
export function leafHashOf(event: JsonObject): Buffer | null {
  const { personal: _, ...facts } = event;
  const leaf = canonical(facts);
  return leaf === null ? null : leafHash(leaf);
}

/** The RFC 8785 form; null: the text has half a surrogate pair. That has no UTF-8 form, so it was never signed */
export function canonical(value: Json): string | null {
  try {
    return canonicalJson(value);
  } catch {
    return null;
  }
}

/** Looks at events one after the other. */
export class EventChecks {
  private readonly lastSeq = new Map<string, number>();
  /** of events whose personal data is gone, only its digest is left */
  erased = 0;

  /** @param fromTheStart whether every session's events begin with the first one */
  constructor(private readonly fromTheStart: boolean) {}

  /** @returns what is wrong with it, or null */
  look(event: JsonObject, fromTheStart = this.fromTheStart): string | null {
    return this.wrongOrder(event, fromTheStart) ?? this.wrongPersonal(event);
  }

  private wrongOrder({ sessionId, seq }: JsonObject, fromTheStart: boolean): string | null {
    if (sessionId === null && seq === null) return null;
    if (typeof sessionId !== 'string' || !isPositive(seq)) return 'it has no session and seq';
    const before = this.lastSeq.get(sessionId) ?? (fromTheStart ? 0 : seq - 1);
    this.lastSeq.set(sessionId, seq);
    return seq === before + 1 ? null : `seq ${seq} of its session comes after seq ${before}`;
  }

  private wrongPersonal({ personal, personalDigest }: JsonObject): string | null {
    if (personal === undefined || personalDigest === undefined) return 'a member is missing';
    if (personal === null) {
      this.erased += personalDigest === null ? 0 : 1;
      return null;
    }
    const form = canonical(personal);
    return form !== null && sha256(form).toString('hex') === personalDigest
      ? null
      : 'its personal data is not what personalDigest says';
  }
}

export const isPositive = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;
