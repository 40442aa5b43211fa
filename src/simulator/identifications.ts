/** The identifications that POST /api/v2/token has made. Each ends once, with the outcome chosen on its page. */
import { randomUUID } from 'node:crypto';
import type { IdentificationWebhookBody } from '../idenfy/contract.js';
import { photoAddress, randomToken } from './random.js';
import { bad, isRefusal, missing, type Refusal } from './refusal.js';
import type { Timers } from './timers.js';
import type { WebhookSender } from './webhook-sender.js';

const identificationOutcomes = ['APPROVED', 'DENIED', 'SUSPECTED'] as const;
export type IdentificationOutcome = (typeof identificationOutcomes)[number];

export interface Identification {
  readonly authToken: string;
  /** of the new identification: once approved, the person may authenticate by it */
  readonly scanRef: string;
  readonly clientId: string;
  readonly externalRef: string | null;
  /** as requested, or the default; nothing happens when this time is over */
  readonly expirySeconds: number;
  readonly createdAt: string;
  state: 'OPEN' | IdentificationOutcome;
}

/** The body of POST /app/identify. */
export interface IdentifyRequest {
  authToken: string;
  outcome: IdentificationOutcome;
}

export type IdentifyAnswer = { readonly status: 204 } | Refusal;

export class Identifications {
  /** oldest first */
  readonly all: Identification[] = [];

  constructor(
    private readonly sender: WebhookSender,
    private readonly timers: Timers,
  ) {}

  open(request: Pick<Identification, 'clientId' | 'externalRef' | 'expirySeconds'>): Identification {
    const identification: Identification = {
      authToken: randomToken(),
      scanRef: randomUUID(),
      clientId: request.clientId,
      externalRef: request.externalRef,
      expirySeconds: request.expirySeconds,
      createdAt: new Date().toISOString(),
      state: 'OPEN',
    };
    this.all.push(identification);
    return identification;
  }

  /** Whether an identification with this clientId is still open. */
  hasOpen(clientId: string): boolean {
    return this.all.some((identification) => identification.clientId === clientId && identification.state === 'OPEN');
  }

  /** The answer comes before the webhook leaves. */
  identify(body: unknown): IdentifyAnswer {
    const wanted = readIdentify(body);
    if (isRefusal(wanted)) return wanted;
    const identification = this.all.find(({ authToken }) => authToken === wanted.authToken);
    if (!identification) return { status: 404, identifier: 'NOT_FOUND', message: 'no identification has this token' };
    const { state } = identification;
    if (state !== 'OPEN') return { status: 409, identifier: 'SESSION_ENDED', message: `it has ended: ${state}` };
    identification.state = wanted.outcome;
    void this.tell(identification, wanted.outcome);
    return { status: 204 };
  }

  private async tell(identification: Identification, outcome: IdentificationOutcome): Promise<void> {
    await this.timers.wait(0);
    await this.sender.send({
      token: identification.authToken,
      body: webhookBody(identification, outcome),
      signature: 'good',
      eventType: 'IDENTIFICATION',
    });
  }
}

function readIdentify(body: unknown): IdentifyRequest | Refusal {
  if (typeof body !== 'object' || body === null) return bad('the body must be a JSON object');
  const { authToken, outcome } = body as Record<string, unknown>;
  if (authToken === undefined) return missing('authToken');
  if (typeof authToken !== 'string') return bad('authToken must be a string');
  if (outcome === undefined) return missing('outcome');
  const known = identificationOutcomes.find((name) => name === outcome);
  return known ? { authToken, outcome: known } : bad(`outcome must be one of ${identificationOutcomes.join(', ')}`);
}

/** What a receiver must not keep is in it: a name and the address of a document. */
function webhookBody({ scanRef, clientId, externalRef }: Identification, overall: IdentificationOutcome): string {
  const status = { overall, suspicionReasons: [], denyReasons: [], fraudTags: [], mismatchTags: [] };
  const body: IdentificationWebhookBody & Record<string, unknown> = {
    final: true,
    platform: 'PC',
    status,
    data: { docFirstName: 'SIMULATED', docLastName: 'PERSON' },
    fileUrls: { FRONT: photoAddress(scanRef) },
    scanRef,
    clientId,
    externalRef,
  };
  return JSON.stringify(body);
}
