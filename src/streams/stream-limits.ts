import { Injectable } from '@nestjs/common';

/** Fields, so that tests can use shorter times and smaller numbers. */
@Injectable()
export class StreamLimits {
  /** a comment is sent so often, so that proxies keep the connection and a dead one is noticed */
  heartbeatMs = 15_000;
  /** a reader that takes nothing for so long is dropped; it resumes by `Last-Event-ID` */
  drainWithinMs = 10_000;
  /** so often it is asked whether the keys and tokens of open streams still live */
  recheckMs = 15_000;
  /** streams of one API key on one process */
  perKey = 1000;
  /** streams of one client token on one process; a browser holds six connections to one host */
  perToken = 10;
}
