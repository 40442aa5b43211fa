import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Problem } from '../core/errors.js';
import type { AuthenticatedRequest } from './access.guard.js';
import { RateLimits } from './rate-limit.service.js';

/** After the access guard: a request that is allowed to be made still has to be within the budget of its key. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(@Inject(RateLimits) private readonly limits: RateLimits) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (!principal) return true;
    const retryAfterSeconds = await this.limits.request(principal);
    if (retryAfterSeconds === null) return true;
    throw new Problem('rate-limited', { retryAfterSeconds });
  }
}
