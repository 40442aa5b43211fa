import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { RequireScope } from '../http/scopes.js';
import { type ReviewPage, ReviewQueue } from './review-queue.service.js';
import type { ReviewDetail } from './review-view.js';
import { ListReviewsDto } from './review.dto.js';
import { ReviewPageResponse, ReviewResponse } from './review.responses.js';

@ApiTags('reviews')
@ApiBearerAuth()
@Controller('v1/reviews')
@RequireScope('review', 'audit')
export class ReviewsController {
  constructor(@Inject(ReviewQueue) private readonly queue: ReviewQueue) {}

  /** List the held passes, those that wait for longest first. */
  @Get()
  @ApiAnswers({ 200: [ReviewPageResponse, 'One page.'] }, ['invalid-request'])
  list(@Query() query: ListReviewsDto): Promise<ReviewPage> {
    return this.queue.list(query);
  }

  /** Read a review with its notes, also once it is decided. Unknown is a session that was never held. */
  @Get(':sessionId')
  @ApiAnswers({ 200: [ReviewResponse, 'The review.'] }, ['not-found'])
  async get(@Param('sessionId') sessionId: string): Promise<ReviewDetail> {
    const review = await this.queue.find(sessionId);
    if (!review) throw new Problem('not-found');
    return review;
  }
}
