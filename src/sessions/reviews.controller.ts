import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { CurrentReach } from '../http/principal.js';
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

  @Get()
  @ApiOperation({ summary: 'List held passes', description: 'The pass that has waited longest comes first.' })
  @ApiAnswers({ 200: [ReviewPageResponse, 'One page.'] }, ['invalid-request'])
  list(@Query() query: ListReviewsDto, @CurrentReach() reach: Reach): Promise<ReviewPage> {
    return this.queue.list(query, reach);
  }

  @Get(':sessionId')
  @ApiOperation({
    summary: 'Get a review',
    description:
      'With its notes, and each signal with the facts behind it. Also works after the decision. A session that was never held gets 404.',
  })
  @ApiAnswers({ 200: [ReviewResponse, 'The review.'] }, ['not-found'])
  async get(@Param('sessionId') sessionId: string, @CurrentReach() reach: Reach): Promise<ReviewDetail> {
    const review = await this.queue.find(sessionId, reach);
    if (!review) throw new Problem('not-found');
    return review;
  }
}
