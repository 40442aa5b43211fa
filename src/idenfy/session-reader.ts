/** Reads iDenfy's session API (README.md, section 3), unless iDenfy refuses it to the account: operation-gate.ts. */
import { Inject, Injectable } from '@nestjs/common';
import { IdenfyClient } from './client.js';
import { type Answered, OperationGate } from './operation-gate.js';
import type { ListOutcome, ReadOutcome, RetryLater } from './outcomes.js';
import type { RefusalReason } from './provider-refusals.store.js';

/** iDenfy refuses the call. `detail` says whether it did so now or earlier. */
interface KnownRefusal {
  kind: 'refused';
  detail: string;
}

/**
 * `ask-again`: the call went to the list of sessions instead, and iDenfy accepted it, so ask about the session again.
 */
export type SessionRead = Exclude<ReadOutcome, { kind: 'refused' }> | KnownRefusal | { kind: 'ask-again' };

export type SessionsListed = Extract<ListOutcome, { kind: 'ok' }> | RetryLater | KnownRefusal;

@Injectable()
export class SessionReader {
  constructor(
    @Inject(IdenfyClient) private readonly idenfy: IdenfyClient,
    @Inject(OperationGate) private readonly gate: OperationGate,
  ) {}

  /** Reads the current state of one session. Makes at most one call. */
  async read(token: string): Promise<SessionRead> {
    const passage = await this.gate.ask('read-session');
    if (passage.kind === 'refused') return refusedBefore(passage.reason);
    if (passage.kind === 'probe' && passage.by === 'list') {
      const outcome = await this.idenfy.probeList();
      if (outcome.kind === 'retry-later') return outcome;
      const refused: Answered = { reason: 'not-found', detail: 'it returns neither single sessions nor their list' };
      await this.gate.learn('read-session', passage, outcome.kind === 'ok' ? 'accepted' : refused);
      return outcome.kind === 'ok' ? { kind: 'ask-again' } : outcome;
    }
    const outcome = await this.idenfy.readSession(token);
    const answered = aboutRead(outcome);
    // iDenfy knew neither sessions nor their list, so a token that it does not know is no news.
    if (passage.kind === 'probe' && passage.by === 'session' && answered === 'token-refused') {
      return refusedBefore('not-found');
    }
    await this.gate.learn('read-session', passage, answered);
    return outcome;
  }

  /** Lists all sessions of the account. Makes at most one call. */
  async list(): Promise<SessionsListed> {
    const passage = await this.gate.ask('list-sessions');
    if (passage.kind === 'refused') return refusedBefore(passage.reason);
    const outcome = await this.idenfy.listSessions();
    const answered = outcome.kind === 'retry-later' ? null : outcome.kind === 'ok' ? 'accepted' : outcome;
    await this.gate.learn('list-sessions', passage, answered);
    return outcome;
  }
}

function aboutRead(outcome: ReadOutcome): Answered | null {
  switch (outcome.kind) {
    case 'ok':
    case 'unclear':
      return 'accepted';
    case 'not-found':
      return 'token-refused';
    case 'retry-later':
      return null;
    case 'refused':
      // Another 4xx, such as 410, may concern only this token.
      return outcome.reason === 'bad-request' || outcome.reason === 'unexpected' ? 'token-refused' : outcome;
  }
}

function refusedBefore(reason: RefusalReason): KnownRefusal {
  return { kind: 'refused', detail: `iDenfy was not called: it refuses such calls (${reason})` };
}
