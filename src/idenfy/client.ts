/**
 * Calls iDenfy. Owns the connections, the deadline, the credentials and the breaker, and takes each call from the
 * budget. Translates each answer into an outcome; the jobs that call it decide whether to wait or to repeat.
 */
import { Agent } from 'undici';
import { type CallBudget, type Purpose, unlimited } from './call-budget.js';
import { Circuit } from './circuit.js';
import {
  authenticationType,
  type CreateIdentificationRequest,
  type CreateSessionRequest,
  faceMatching,
  identificationTokenType,
  paths,
} from './contract.js';
import { createdSession } from './create-answer.js';
import { type Answer, exchange, type NoAnswer } from './http-exchange.js';
import { createdIdentification } from './identification-answer.js';
import type {
  CreateOutcome,
  EligibilityOutcome,
  Failure,
  IdentificationOutcome,
  ListOutcome,
  ListProbeOutcome,
  ReadOutcome,
  RetryLater,
} from './outcomes.js';
import { budgetSpent, isAnswer, providerDown, retryLater, unknownWhenSent } from './no-answer.js';
import { failureOf } from './provider-error.js';
import { eligibility, sessionList, verdict } from './read-answers.js';
import { duplicateAfter, isSuccess, notFound, unknownAfter } from './status-answers.js';

export interface IdenfyClientOptions {
  /** without a trailing slash */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** total deadline of one call */
  readonly timeoutSeconds: number;
  /** page of the identification, to which `?authToken=` is appended */
  readonly identificationUrl?: string;
}

/** Every operation, and its share of the budget. */
const purposeOf = {
  'check-eligibility': 'issuing',
  'create-session': 'issuing',
  'create-identification': 'issuing',
  'read-session': 'reading',
  'list-sessions': 'reading',
} as const satisfies Record<string, Purpose>;
type Operation = keyof typeof purposeOf;

/** Told after each call that was made, for metrics. */
export type CallObserver = (call: { operation: Operation; outcome: string; durationSeconds: number }) => void;

const defaultIdentificationUrl = 'https://ui.idenfy.com/';

const maxAnswerBytes = 256 * 1024;
/** The list has no pages and no filters, so it holds every session the account ever had: README.md section 3. */
const maxListBytes = 16 * 1024 * 1024;

/** Proof that one call was taken from the budget. Use it for one call only. */
export interface TakenCall {
  readonly kind: 'taken';
}

interface Call<T> {
  readonly operation: Operation;
  /** absent: `call` takes the call from the budget itself */
  readonly taken?: TakenCall | undefined;
  readonly path: string;
  /** POSTed as JSON; absent: GET */
  readonly body?: object;
  readonly maxBodyBytes?: number;
  /** a success is judged by its status alone */
  readonly skipsSuccess?: true;
  /** texts that no detail may hold */
  readonly unspeakable: readonly string[];
  /** null: as `failureOf` sees it */
  readonly answered: (answer: Answer) => T | null;
  /** null, or absent: nothing was done, so it may be repeated */
  readonly unanswered?: (nothing: NoAnswer) => T | null;
}

export class IdenfyClient {
  private readonly agent: Agent;
  private readonly base: URL;
  private readonly authorization: string;

  constructor(
    private readonly options: IdenfyClientOptions,
    private readonly observe: CallObserver = () => undefined,
    private readonly circuit: Circuit = new Circuit(),
    private readonly budget: CallBudget = unlimited,
  ) {
    // The deadline of a call is over all of it; undici's own would only come in between.
    const connect = { timeout: Math.ceil(options.timeoutSeconds * 1000) };
    this.agent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 });
    this.base = new URL(options.baseUrl);
    this.authorization = `Basic ${Buffer.from(`${options.apiKey}:${options.apiSecret}`).toString('base64')}`;
  }

  /** Whether the person of a scanRef may authenticate by face. */
  async checkEligibility(scanRef: string): Promise<EligibilityOutcome> {
    if (!isPathSegment(scanRef)) return { kind: 'not-found' };
    return this.call<EligibilityOutcome>({
      operation: 'check-eligibility',
      path: `${paths.checkStatus(scanRef)}?method=${faceMatching}`,
      unspeakable: [scanRef],
      answered: ({ status, body }) => (isSuccess(status) ? eligibility(status, body) : notFound(status)),
    });
  }

  /**
   * Takes a call for `createSession` or `createIdentification` from the budget before it is made. The budget may wait for
   * the database. A caller that claims an attempt for the time-out of its call must not wait in between.
   *
   * @throws DatabaseUnavailable
   */
  async takeCall(): Promise<TakenCall | RetryLater> {
    return (await this.take('issuing')) ?? { kind: 'taken' };
  }

  /**
   * Makes a session and its code.
   *
   * @param wish.digits whether the app's code is wanted
   */
  async createSession(
    wish: { scanRef: string; locale?: string; lifetimeSeconds: number; digits: boolean },
    taken?: TakenCall,
  ): Promise<CreateOutcome> {
    const body: CreateSessionRequest = {
      scanRef: wish.scanRef,
      type: authenticationType,
      method: faceMatching,
      ...(wish.digits ? { generateDigitString: true } : {}),
      ...(wish.locale === undefined ? {} : { locale: wish.locale }),
      lifetime: wish.lifetimeSeconds,
    };
    return this.call<CreateOutcome>({
      operation: 'create-session',
      taken,
      path: paths.createSession,
      body,
      unspeakable: [wish.scanRef],
      answered: ({ status, body: text }) =>
        isSuccess(status) ? createdSession(status, text, wish.digits) : unknownAfter(status),
      unanswered: unknownWhenSent,
    });
  }

  /**
   * Asks iDenfy to prepare an identification for a user who may not authenticate by face.
   *
   * @param wish.clientId our name for it, at most 100 characters: no personal data, and the webhook repeats it
   * @param wish.lifetimeSeconds how long the user has to begin, 1 to 2,592,000
   */
  async createIdentification(
    wish: { clientId: string; locale?: string; lifetimeSeconds: number },
    taken?: TakenCall,
  ): Promise<IdentificationOutcome> {
    const { identificationUrl = defaultIdentificationUrl, baseUrl } = this.options;
    const body: CreateIdentificationRequest = {
      clientId: wish.clientId,
      tokenType: identificationTokenType,
      ...(wish.locale === undefined ? {} : { locale: wish.locale }),
      expiryTime: wish.lifetimeSeconds,
    };
    return this.call<IdentificationOutcome>({
      operation: 'create-identification',
      taken,
      path: paths.createIdentification,
      body,
      unspeakable: [wish.clientId],
      answered: ({ status, body: text }) =>
        isSuccess(status)
          ? createdIdentification(status, text, { identificationUrl, baseUrl })
          : (duplicateAfter(status) ?? unknownAfter(status)),
      unanswered: unknownWhenSent,
    });
  }

  /** What iDenfy says of one session now. */
  async readSession(token: string): Promise<ReadOutcome> {
    if (!isPathSegment(token)) return { kind: 'not-found' };
    return this.call<ReadOutcome>({
      operation: 'read-session',
      path: paths.readSession(token),
      unspeakable: [token],
      answered: ({ status, body }) => (isSuccess(status) ? verdict(status, body, token) : notFound(status)),
    });
  }

  /** Every session of the account, without photos. */
  async listSessions(): Promise<ListOutcome> {
    return this.call<ListOutcome>({
      operation: 'list-sessions',
      path: paths.listSessions,
      maxBodyBytes: maxListBytes,
      unspeakable: [],
      answered: ({ status, body }) => (isSuccess(status) ? sessionList(status, body) : null),
    });
  }

  /** Checks whether iDenfy returns the list of sessions. The list may be long, so its body is not read. */
  async probeList(): Promise<ListProbeOutcome> {
    return this.call<ListProbeOutcome>({
      operation: 'list-sessions',
      path: paths.listSessions,
      skipsSuccess: true,
      unspeakable: [],
      answered: ({ status }) => (isSuccess(status) ? { kind: 'ok' } : null),
    });
  }

  /** Lets calls under way finish, then lets go of the connections. */
  close(): Promise<void> {
    return this.agent.close();
  }

  private async call<T extends { kind: string }>(call: Call<T>): Promise<T | Failure> {
    const keptBack = call.taken ? null : await this.take(purposeOf[call.operation]);
    if (keptBack) return keptBack;
    const permission = this.circuit.ask();
    if (permission.kind === 'wait') return providerDown(permission.seconds);
    let outcome: T | Failure | undefined;
    try {
      outcome = await this.observed(call);
    } finally {
      // Also when it threw: a probe that never comes back would keep the breaker half open for good.
      this.circuit.learn(permission, outcome !== undefined && isAnswer(outcome));
    }
    return this.inLine(outcome);
  }

  /** Takes a call from the budget. @returns the reason why no call may be made now; null: the call may be made */
  private async take(purpose: Purpose): Promise<RetryLater | null> {
    // A call that the breaker stops must not count against the budget.
    const waitSeconds = this.circuit.turnAway();
    if (waitSeconds !== null) return providerDown(waitSeconds);
    const spentForSeconds = await this.budget.take(purpose);
    return spentForSeconds === null ? null : budgetSpent(spentForSeconds);
  }

  /** A call that failed gets a place in the breaker's line. The probe is the oldest call, so it gets the first place. */
  private inLine<T extends { kind: string }>(outcome: T): T {
    const failed = outcome.kind === 'retry-later' && !isAnswer(outcome);
    const seconds = failed ? this.circuit.waitSeconds() : null;
    return seconds === null ? outcome : { ...outcome, retryAfterSeconds: seconds };
  }

  private async observed<T extends { kind: string }>(call: Call<T>): Promise<T | Failure> {
    const startedAt = performance.now();
    const result = await this.send(call);
    const outcome =
      result.kind === 'no-answer'
        ? (call.unanswered?.(result) ?? retryLater(result))
        : (call.answered(result) ?? failureOf(result, new Date(), [...this.secrets, ...call.unspeakable]));
    const durationSeconds = (performance.now() - startedAt) / 1000;
    this.observe({ operation: call.operation, outcome: outcome.kind, durationSeconds });
    return outcome;
  }

  private send(
    call: Pick<Call<unknown>, 'path' | 'body' | 'maxBodyBytes' | 'skipsSuccess'>,
  ): Promise<Answer | NoAnswer> {
    const { body } = call;
    const prefix = this.base.pathname.replace(/\/$/, '');
    return exchange(
      this.agent,
      {
        origin: this.base.origin,
        path: `${prefix}${call.path}`,
        method: body ? 'POST' : 'GET',
        headers: {
          accept: 'application/json',
          authorization: this.authorization,
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        body: body ? JSON.stringify(body) : null,
      },
      {
        timeoutSeconds: this.options.timeoutSeconds,
        maxBodyBytes: call.maxBodyBytes ?? maxAnswerBytes,
        ...(call.skipsSuccess ? { skipsBody: isSuccess } : {}),
      },
    );
  }

  private get secrets(): string[] {
    return [this.options.apiKey, this.options.apiSecret];
  }
}

/** Whether the text can be one segment of a path unchanged. iDenfy has no scanRef or token with other characters. */
const isPathSegment = (text: string): boolean => /^[!-~]{1,255}$/.test(text) && text !== '.' && text !== '..';
