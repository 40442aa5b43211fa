import { Inject, Injectable, Logger } from '@nestjs/common';
import { AttemptsService } from '../attempts/attempts.service.js';
import type { Input } from '../attempts/decision.js';
import { IdentificationResults } from '../attempts/identification-results.service.js';
import { Clock } from '../core/clock.js';
import { Database, type Transaction } from '../database/database.js';
import { isSqlError } from '../database/database-errors.js';
import { isIdentificationEvent, parseIdentification } from '../idenfy/identification-result.js';
import { keepable } from '../idenfy/provider-text.js';
import { parseWebhook, type ProviderResult } from '../idenfy/result.js';
import { QuarantineJournal } from './quarantine.js';
import type { WebhookState } from './reading.js';
import { type ClaimedWebhook, WebhooksStore } from './webhooks.store.js';

const batch = 100;
/** A webhook that waits for longer than this has lost its job. */
const overdueMs = 1000;
const maxErrorLength = 500;
const cannotApply = 'it could not be applied';

interface Settled {
  state: WebhookState;
  verdict: string | null;
  error: string | null;
}

/** What became of it before it is applied. */
export type Earlier = Pick<Settled, 'state' | 'verdict'>;
const fresh: Earlier = { state: 'new', verdict: null };

/** Applies kept webhooks to their attempts, many in one transaction. */
@Injectable()
export class ResultsService {
  private readonly logger = new Logger(ResultsService.name);

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(WebhooksStore) private readonly store: WebhooksStore,
    @Inject(AttemptsService) private readonly attempts: AttemptsService,
    @Inject(IdentificationResults) private readonly identifications: IdentificationResults,
    @Inject(QuarantineJournal) private readonly quarantine: QuarantineJournal,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async applyAll(): Promise<void> {
    while ((await this.applyBatch()) === batch);
  }

  isOverdue(now: Date): Promise<boolean> {
    return this.store.hasOverdue(new Date(now.getTime() - overdueMs));
  }

  /** Of a webhook that the transaction has set back to `new`. */
  async applyAgain(tx: Transaction, webhookId: string, earlier: Earlier): Promise<void> {
    await this.applyOne(tx, await this.store.claimOne(tx, webhookId), earlier);
  }

  private applyBatch(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const claimed = await this.store.claim(tx, batch);
      for (const webhook of claimed) await this.applyOne(tx, webhook, fresh);
      return claimed.length;
    });
  }

  /** A webhook that cannot be applied is set aside, and its neighbours go on. */
  private async applyOne(tx: Transaction, webhook: ClaimedWebhook, earlier: Earlier): Promise<void> {
    await tx.query('savepoint webhook');
    let settled: Settled;
    try {
      settled = await this.apply(tx, webhook);
      // The journal has told of this very refusal before.
      const toldAgain = settled.verdict !== null && settled.verdict !== 'moved' && settled.verdict === earlier.verdict;
      await tx.query(toldAgain ? 'rollback to savepoint webhook' : 'release savepoint webhook');
    } catch (error) {
      // The whole batch has to run again when the transaction itself is lost.
      if (!(error instanceof Error) || (isSqlError(error) && error.code.startsWith('40'))) throw error;
      await tx.query('rollback to savepoint webhook');
      this.logger.error(`webhook ${webhook.id} is quarantined: ${error.message}`, error.stack);
      settled = { state: 'quarantined', verdict: null, error: keepable(error.message, maxErrorLength) };
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
    if (parsed.kind !== 'result') return { state: 'quarantined', verdict: null, error: parsed.reason };
    const { result } = parsed;
    if (result.status === 'NOT_FINAL') {
      return { state: 'ignored', verdict: null, error: `status ${result.rawStatus} is not final` };
    }
    if (webhook.attemptId === null) return { state: 'unmatched', verdict: 'unknown-token', error: null };
    const actor = { kind: 'idenfy', id: webhook.id } as const;
    const decision = await this.attempts.applyResult(tx, webhook.attemptId, actor, (now) =>
      toInput(result, webhook.receivedAt, now),
    );
    const verdict = decision.kind === 'refused' ? decision.reason : decision.kind;
    return { state: 'applied', verdict, error: null };
  }

  /** Of an identification that nobody here has asked for there is nothing to say. */
  private async applyIdentification(tx: Transaction, webhookId: string, body: Buffer): Promise<Settled> {
    const parsed = parseIdentification(body);
    const ignored = { state: 'ignored', verdict: null, error: null } as const;
    if (parsed.kind !== 'approved') return ignored;
    const verdict = await this.identifications.approved(tx, parsed, { kind: 'idenfy', id: webhookId });
    return verdict === 'unknown' ? ignored : { state: 'applied', verdict, error: null };
  }
}

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
