import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { ReviewService } from '../attempts/review.service.js';
import { Problem } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { ApiAnswers } from '../http/api-answers.js';
import { actorOf, CurrentPrincipal } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { ReviewDto } from './session.dto.js';
import { SessionResponse } from './session.responses.js';
import { SessionsService } from './sessions.service.js';
import type { SessionView } from './session-view.js';

@ApiTags('sessions')
@ApiBearerAuth()
@Controller('v1/sessions')
export class ReviewController {
  constructor(
    @Inject(ReviewService) private readonly reviews: ReviewService,
    @Inject(SessionsService) private readonly sessions: SessionsService,
  ) {}

  /** Decide on a held pass. */
  @Post(':id/review')
  @HttpCode(200)
  @RequireScope('review')
  @ApiAnswers({ 200: [SessionResponse, 'The session as it is now.'] }, [
    'invalid-request',
    'not-found',
    'not-in-review',
  ])
  async review(
    @Param('id') id: string,
    @Body() body: ReviewDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<SessionView> {
    const decided = isId('ses', id) ? await this.reviews.decide(id, body, actorOf(principal)) : 'not-found';
    const session = decided === 'decided' ? await this.sessions.find(id) : null;
    if (!session) throw new Problem(decided === 'decided' ? 'not-found' : decided);
    return session;
  }
}
