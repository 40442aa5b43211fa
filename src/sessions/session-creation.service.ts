/** POST /v1/sessions: one transaction records the intent, then the request waits for its code as long as it may. */
import { Inject, Injectable } from '@nestjs/common';
import { instanceToPlain } from 'class-transformer';
import { AddressDigests } from '../attempts/address-digests.js';
import { SessionOpening } from '../attempts/session-opening.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { Actor } from '../core/actor.js';
import { canonicalJson, type Json } from '../core/canonical-json.js';
import { Clock } from '../core/clock.js';
import { sha256 } from '../core/digest.js';
import { newId, newSecret } from '../core/ids.js';
import { Database } from '../database/database.js';
import { digestOf } from '../http/api-keys.store.js';
import { type Claim, type IdempotencyKey, IdempotencyStore, type RememberedAnswer } from '../http/idempotency.store.js';
import type { NewEvent } from '../journal/journal-event.js';
import { PersonalKeys, type SubjectKey } from '../journal/personal-keys.js';
import { retryAfterSecondsOf } from '../risk/subject.js';
import { SubjectsService } from '../risk/subjects.service.js';
import { SessionPersonal } from './session-personal.js';
import type { CreateSessionDto } from './session.dto.js';

/** Beyond the wait for the code, what writing the answer may take before another process may finish the request. */
const leaseSlackSeconds = 10;

export interface Created {
  sessionId: string;
  attemptId: string;
  clientToken: string;
}

/** The caller who asks for a session. */
export interface Asker {
  /** that the session belongs to */
  platform: string;
  actor: Actor;
}

/** What became of a request: a new session, or what its idempotency key says. */
export type CreationResult =
  | { kind: 'created'; created: Created }
  | { kind: 'subject-locked'; answer: RememberedAnswer }
  | Exclude<Claim, { kind: 'first' }>;

@Injectable()
export class SessionCreation {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SessionOpening) private readonly opening: SessionOpening,
    @Inject(IdempotencyStore) private readonly idempotency: IdempotencyStore,
    @Inject(PersonalKeys) private readonly keys: PersonalKeys,
    @Inject(SessionPersonal) private readonly personal: SessionPersonal,
    @Inject(AddressDigests) private readonly addresses: AddressDigests,
    @Inject(SubjectsService) private readonly subjects: SubjectsService,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Ids are made before the transaction, so that the one who waits for the code can be there before its job. */
  prepare(): Created {
    return { sessionId: newId('ses'), attemptId: newId('att'), clientToken: newSecret('fct') };
  }

  create(
    request: CreateSessionDto,
    created: Created,
    asker: Asker,
    idempotencyKey: IdempotencyKey | null,
  ): Promise<CreationResult> {
    return this.database.transaction(async (tx) => {
      const now = this.clock.now();
      if (idempotencyKey) {
        const claim = await this.idempotency.claim(tx, idempotencyKey, {
          digest: digestOfRequest(request),
          sessionId: created.sessionId,
          now,
          leaseSeconds: this.settings.createWaitSeconds + leaseSlackSeconds,
        });
        if (claim.kind !== 'first') return claim;
      }
      const key = await this.keys.live(tx, request.scanRef, now);
      const { lockedUntil } = await this.subjects.standing(tx, request.scanRef, now);
      if (lockedUntil) {
        const answer = subjectLocked(lockedUntil, now);
        if (idempotencyKey) await this.idempotency.remember(idempotencyKey, answer, tx);
        return { kind: 'subject-locked', answer };
      }
      await this.opening.open(
        tx,
        this.row(request, created, asker, { now, key }),
        {
          attemptId: created.attemptId,
          created: createdEvent(request, this.cap(request)),
          initiatorIp: request.initiator?.ip ?? null,
        },
        asker.actor,
      );
      return { kind: 'created', created };
    });
  }

  /** Who asks for more than the limits profile allows gets that; the answer tells. */
  private cap({ maxAttempts }: CreateSessionDto): number {
    return Math.min(maxAttempts, this.settings.limits.maxAttemptsPerSession);
  }

  private row(
    request: CreateSessionDto,
    { sessionId, clientToken }: Created,
    { platform, actor }: Asker,
    { now, key }: { now: Date; key: SubjectKey },
  ) {
    const { scanRef, channels, codeLifetimeSeconds, retryOn, reference, metadata, initiator } = request;
    return {
      id: sessionId,
      platform,
      status: 'pending',
      scanRef,
      locale: request.locale ?? null,
      channels,
      codeLifetimeSeconds,
      maxAttempts: this.cap(request),
      retryOn,
      personalSealed: this.personal.seal(
        sessionId,
        { reference: reference ?? null, metadata, initiator: initiator ? { ...initiator } : null },
        key,
      ),
      subjectKeyId: key.id,
      referenceDigest: reference === undefined ? null : this.personal.referenceDigest(reference),
      initiatorIpDigest: initiator?.ip === undefined ? null : this.addresses.of(initiator.ip),
      clientTokenDigest: digestOf(clientToken),
      createdBy: actor.id,
      seq: 0,
      createdAt: now,
      updatedAt: now,
      expiresAt: new Date(now.getTime() + request.sessionLifetimeSeconds * 1000),
    };
  }
}

/** Leaves out the platform, because the idempotency key already belongs to one, whether the request names it or not. */
function digestOfRequest(request: CreateSessionDto): Buffer {
  const { platform: _, ...asked } = instanceToPlain(request) as { [name: string]: Json };
  return sha256(canonicalJson(asked));
}

function subjectLocked(lockedUntil: Date, now: Date): RememberedAnswer {
  const retryAfterSeconds = retryAfterSecondsOf(lockedUntil, now);
  return { kind: 'problem', code: 'subject-locked', extras: { retryAfterSeconds } };
}

function createdEvent(request: CreateSessionDto, maxAttempts: number): NewEvent {
  const { scanRef, channels, codeLifetimeSeconds, retryOn, sessionLifetimeSeconds, locale } = request;
  return {
    type: 'session.created',
    attemptId: null,
    data: {
      scanRef,
      channels,
      codeLifetimeSeconds,
      maxAttempts,
      retryOn,
      sessionLifetimeSeconds,
      locale: locale ?? null,
    },
    personal: {
      ...(request.reference === undefined ? {} : { reference: request.reference }),
      ...(Object.keys(request.metadata).length === 0 ? {} : { metadata: request.metadata }),
      ...(request.initiator === undefined ? {} : { initiator: { ...request.initiator } }),
    },
  };
}
