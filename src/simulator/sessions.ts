/** The sessions of the account: makes them with their codes, finds them, ends each once. */
import { randomUUID } from 'node:crypto';
import type { FinalStatus } from '../idenfy/contract.js';
import type { CreateRequest } from './create-request.js';
import { photoAddress, randomDigits, randomToken } from './random.js';
import { type Wish, wishOf } from './sentinels.js';
import type { Session } from './session.js';
import type { Timers } from './timers.js';

export class Sessions {
  /** oldest first */
  readonly all: Session[] = [];
  private readonly byToken = new Map<string, Session>();
  /** the latest session of each code: codes are unique among the living only */
  private readonly byDigits = new Map<string, Session>();
  private readonly expiries = new Map<Session, () => void>();

  constructor(
    private readonly timers: Timers,
    private readonly expired: (session: Session) => void,
  ) {}

  open(request: CreateRequest): Session {
    const wish = wishOf(request.scanRef);
    const session: Session = {
      id: randomUUID(),
      token: randomToken(),
      digitString: request.generateDigitString ? this.freeDigits(wish) : null,
      scanRef: request.scanRef,
      type: request.type,
      method: request.method,
      createdAt: new Date().toISOString(),
      lifetimeSeconds: wish?.name === 'short-lifetime' ? Math.min(request.lifetime, wish.seconds) : request.lifetime,
      wish,
      state: 'OPEN',
      approved: null,
      facePhoto: null,
    };
    this.all.push(session);
    this.byToken.set(session.token, session);
    if (session.digitString !== null) this.byDigits.set(session.digitString, session);
    const expire = () => this.expired(session);
    this.expiries.set(session, this.timers.after(session.lifetimeSeconds * 1000, expire));
    return session;
  }

  withToken(token: string): Session | undefined {
    return this.byToken.get(token);
  }

  withDigits(digitString: string): Session | undefined {
    return this.byDigits.get(digitString);
  }

  /** @returns false when it had ended already: nothing is changed */
  end(session: Session, status: FinalStatus): boolean {
    if (session.state !== 'OPEN') return false;
    this.expiries.get(session)?.();
    this.expiries.delete(session);
    session.state = status;
    const tookSelfie = status === 'SUCCESS' || status === 'FAILED';
    if (tookSelfie) {
      session.approved = verdictOf(status, session.wish);
      session.facePhoto = photoAddress(session.id);
    }
    return true;
  }

  private freeDigits(wish: Wish | null): string | null {
    if (wish?.name === 'no-digits' || wish?.name === 'null-digits') return null;
    for (;;) {
      const digits = randomDigits(wish);
      if (this.byDigits.get(digits)?.state !== 'OPEN') return digits;
    }
  }
}

/** As the session API tells it. */
function verdictOf(status: FinalStatus, wish: Wish | null): boolean | null {
  if (wish?.name === 'approved-null') return null;
  return status === 'SUCCESS' && wish?.name !== 'disagree';
}
