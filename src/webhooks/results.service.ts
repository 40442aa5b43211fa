import { Inject, Injectable, Logger } from '@nestjs/common';
import { AttemptsService } from '../attempts/attempts.service.js';
import type { Input } from '../attempts/decision.js';
import { IdentificationResults } from '../attempts/identification-results.service.js';
import type { NamedIdentification } from '../attempts/identifications.store.js';
import { ResultTargets } from '../attempts/result-targets.service.js';
import { Clock } from '../core/clock.js';
import { Database, type Transaction } from '../database/database.js';
import {
  DatabaseUnavailable,
  isContention,
  isLasting,
  reasonOf,
  withoutWrapping,
} from '../database/database-errors.js';
import { isIdentificationEvent, parseIdentification } from '../idenfy/identification-result.js';
import { keepable } from '../idenfy/provider-text.js';
import { parseWebhook, type ProviderResult } from '../idenfy/result.js';
import { QuarantineJournal } from './quarantine.js';
import type { WebhookState } from './reading.js';
import { type ClaimedWebhook, WebhooksStore } from './webhooks.store.js';

const batch = 100;
/** How long a batch, or a webhook on its own, waits for rows that another transaction has locked. */
const lockTimeout = { batch: '1s', apart: '100ms' } as const;
/** If a webhook waits longer than this, its job was lost. */
const overdueMs = 1000;
const maxErrorLength = 500;
const cannotApply = 'it could not be applied';

interface Settled {
  state: WebhookState;
  verdict: string | null;
  error: string | null;
  /** false: the body is no longer needed */
  keepsBody: boolean;
}

/** The state and verdict of the webhook before it is applied. */
export type Earlier = Pick<Settled, 'state' | 'verdict'>;
const kept = { verdict: null, error: null, keepsBody: true } as const;
const fresh: Earlier = { state: 'new', verdict: null };

/** Applies stored webhooks to their attempts, many in one transaction. */
@Injectable()
export class ResultsService {
  private readonly logger = new Logger(ResultsService.name);

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(WebhooksStore) private readonly store: WebhooksStore,
    @Inject(AttemptsService) private readonly attempts: AttemptsService,
    @Inject(ResultTargets) private readonly targets: ResultTargets,
    @Inject(IdentificationResults) private readonly identifications: IdentificationResults,
    @Inject(QuarantineJournal) private readonly quarantine: QuarantineJournal,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async applyAll(): Promise<void> {
    let taken: number;
    do taken = await this.applyBatch().catch((error: unknown) => this.applyApart(error));
    while (taken === batch);
  }

  isOverdue(now: Date): Promise<boolean> {
    return this.store.hasOverdue(new Date(now.getTime() - overdueMs));
  }

  /** Applies a webhook that this transaction has set back to `new`. */
  async applyAgain(tx: Transaction, webhookId: string, earlier: Earlier): Promise<void> {
    const webhook = await this.store.claimOne(tx, webhookId);
    await this.lockFor(tx, [webhook]);
    await this.applyOne(tx, webhook, earlier);
  }

  /** @returns the number of webhooks applied */
  private applyBatch(): Promise<number> {
    return this.database.transaction(async (tx) => {
      await tx.query(`set local lock_timeout = '${lockTimeout.batch}'`);
      const claimed = await this.store.claim(tx, batch);
      await this.lockFor(tx, claimed);
      for (const webhook of claimed) await this.applyOne(tx, webhook, fresh);
      return claimed.length;
    });
  }

  /**
   * A batch failed because of one of its webhooks: other transactions have locked its rows, or the database fails at
   * those rows every time (a damaged page, an extension). Applies the webhooks one by one, so that none of them keeps the
   * others back. The sweeper repeats this for webhooks that could not be applied.
   *
   * @returns the number of webhooks; 0 if some could not be applied
   * @throws the batch's error if every webhook would meet it
   */
  private async applyApart(error: unknown): Promise<number> {
    if (!isOfTheRows(error)) throw error;
    const ids = await this.store.idsWaiting(batch);
    let blocked = 0;
    for (const id of ids) {
      try {
        await this.applyAlone(id);
      } catch (reason) {
        if (!isOfTheRows(reason)) throw reason;
        if (!isContention(reason)) this.logger.error(`webhook ${id} cannot be applied now: ${reasonOf(reason)}`);
        blocked += 1;
      }
    }
    if (blocked > 0) this.logger.warn(`${blocked} webhooks could not be applied yet; they are tried again`);
    return blocked === 0 ? ids.length : 0;
  }

  private applyAlone(id: string): Promise<void> {
    return this.database.transaction(async (tx) => {
      await tx.query(`set local lock_timeout = '${lockTimeout.apart}'`);
      const webhook = await this.store.claimIfWaiting(tx, id);
      if (!webhook) return;
      await this.lockFor(tx, [webhook]);
      await this.applyOne(tx, webhook, fresh);
    });
  }

  /** Locks everything that these webhooks may change before the first of them is applied. */
  private async lockFor(tx: Transaction, webhooks: readonly ClaimedWebhook[]): Promise<void> {
    const [identifications, results] = [true, false].map((wanted) =>
      webhooks.filter(({ eventType }) => isIdentificationEvent(eventType) === wanted),
    ) as [ClaimedWebhook[], ClaimedWebhook[]];
    await this.targets.lock(tx, {
      sessionIds: results.flatMap(({ sessionId }) => sessionId ?? []),
      scanRefs: results.flatMap(({ scanRef }) => scanRef ?? []),
      identified: identifications.flatMap((webhook) => this.named(webhook, identifiedIn) ?? []),
      withoutToken: results
        .filter(({ hasToken }) => !hasToken)
        .flatMap((webhook) => this.named(webhook, concernedIn) ?? []),
    });
  }

  /** Reads a name from a body. Null also for an unreadable body, which `applyOne` quarantines later. */
  private named<Name>(webhook: ClaimedWebhook, nameIn: (body: Buffer) => Name | null): Name | null {
    try {
      return nameIn(this.store.bodyOf(webhook));
    } catch {
      return null;
    }
  }

  /** Applies one webhook. Quarantines it if it can never be applied, so that the rest of the batch continues. */
  private async applyOne(tx: Transaction, webhook: ClaimedWebhook, earlier: Earlier): Promise<void> {
    await tx.query('savepoint webhook');
    let settled: Settled;
    try {
      settled = await this.apply(tx, webhook);
      // The journal already has an event for this refusal.
      const journaledBefore =
        settled.verdict !== null && settled.verdict !== 'moved' && settled.verdict === earlier.verdict;
      await tx.query(journaledBefore ? 'rollback to savepoint webhook' : 'release savepoint webhook');
    } catch (error) {
      // Only a lasting fault quarantines the webhook. After any other error the transaction runs again later.
      if (!isLasting(error)) throw error;
      await tx.query('rollback to savepoint webhook');
      this.logger.error(`webhook ${webhook.id} is quarantined: ${error.message}`, error.stack);
      settled = { ...kept, state: 'quarantined', error: keepable(error.message, maxErrorLength) };
    }
    const now = this.clock.now();
    await this.store.settle(tx, webhook.id, { ...settled, attemptId: webhook.attemptId, at: now });
    const newly = settled.state === 'quarantined' && earlier.state !== 'quarantined';
    if (newly) await this.quarantine.tell(tx, [{ ...webhook, reason: cannotApply }], now);
  }

  private async apply(tx: Transaction, webhook: ClaimedWebhook): Promise<Settled> {
    const body = this.store.bodyOf(webhook);
    if (isIdentificationEvent(webhook.eventType)) return this.applyIdentification(tx, webhook.id, body);
    const parsed = parseWebhook(body);
    if (parsed.kind !== 'result') return { ...kept, state: 'quarantined', error: parsed.reason };
    const { result } = parsed;
    if (result.status === 'NOT_FINAL') {
      return { ...kept, state: 'ignored', error: `status ${result.rawStatus} is not final` };
    }
    if (result.token === null) return { ...kept, state: 'unmatched', verdict: 'no-token' };
    if (webhook.attemptId === null) return { ...kept, state: 'unmatched', verdict: 'unknown-token' };
    const actor = { kind: 'idenfy', id: webhook.id } as const;
    const decision = await this.attempts.applyResult(tx, webhook.attemptId, actor, (now) =>
      toInput(result, webhook.receivedAt, now),
    );
    const verdict = decision.kind === 'refused' ? decision.reason : decision.kind;
    return { ...kept, state: 'applied', verdict };
  }

  /** Ignores identifications that we did not request. Keeps no body, because it is personal data that nothing needs. */
  private async applyIdentification(tx: Transaction, webhookId: string, body: Buffer): Promise<Settled> {
    const parsed = parseIdentification(body);
    const ignored = { ...kept, state: 'ignored', keepsBody: false } as const;
    if (parsed.kind !== 'approved') return ignored;
    const verdict = await this.identifications.approved(tx, parsed, { kind: 'idenfy', id: webhookId });
    return verdict === 'unknown' ? ignored : { ...kept, state: 'applied', verdict, keepsBody: false };
  }
}

/** The identification that a body approves, if it does. */
function identifiedIn(body: Buffer): NamedIdentification | null {
  const parsed = parseIdentification(body);
  return parsed.kind === 'approved' ? parsed : null;
}

/** The scanRef of a final result without a token; null for every other body. */
function concernedIn(body: Buffer): string | null {
  const parsed = parseWebhook(body);
  if (parsed.kind !== 'result' || parsed.result.status === 'NOT_FINAL') return null;
  return parsed.result.token === null ? parsed.result.scanRef : null;
}

/** Whether it is about rows that some webhooks need, and not about the database as a whole. */
const isOfTheRows = (error: unknown): boolean =>
  isContention(error) || !(withoutWrapping(error) instanceof DatabaseUnavailable);

function toInput(result: ProviderResult, receivedAt: Date, now: Date): Input {
  const { status, failReason, scanRef, type, method, ipAddress, riskTags } = result;
  if (status === 'NOT_FINAL') throw new Error('a result that is not final has no outcome');
  return {
    kind: 'result',
    outcome: { status, failReason, source: 'webhook', at: now.toISOString() },
    claims: { scanRef, type, method },
    selfie: { ip: ipAddress, riskTags, receivedAt },
    personal: ipAddress === null && riskTags.length === 0 ? undefined : { selfieIp: ipAddress, riskTags },
  };
}
