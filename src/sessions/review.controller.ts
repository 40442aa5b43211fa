import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ReviewService } from '../attempts/review.service.js';
import { Problem, type ProblemCode } from '../core/errors.js';
import { isId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { actorOf, CurrentPrincipal, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { ReviewQueue } from './review-queue.service.js';
import type { ReviewDetail, ReviewNote } from './review-view.js';
import { ReviewDto, ReviewNoteDto } from './review.dto.js';
import { ReviewedSessionResponse, ReviewNoteResponse, ReviewResponse } from './review.responses.js';

const refusals = ['not-found', 'not-in-review', 'review-claimed'] as const;

@ApiTags('reviews')
@ApiBearerAuth()
@Controller('v1/sessions/:id/review')
@RequireScope('review')
export class ReviewController {
  constructor(
    @Inject(ReviewService) private readonly reviews: ReviewService,
    @Inject(ReviewQueue) private readonly queue: ReviewQueue,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Decide on a held pass',
    description:
      "One reviewer is enough to refuse it. With REVIEW_FOUR_EYES=on two different API keys must grant it. The first `pass` is recorded and ends that reviewer's claim; the session stays `in-review`.",
  })
  @HttpCode(200)
  @ApiAnswers({ 200: [ReviewedSessionResponse, 'The session as it is now.'] }, [
    'invalid-request',
    'second-reviewer-needed',
    ...refusals,
  ])
  async review(
    @Param('id') id: string,
    @Body() body: ReviewDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ReviewedSessionResponse> {
    const decided = isId('ses', id)
      ? await this.reviews.decide(id, reachOf(principal), body, actorOf(principal))
      : 'not-found';
    if (decided !== 'decided' && decided !== 'approved') return refuse(decided);
    const { session, approvals } = await this.find(id, reachOf(principal));
    // Between the decision and this reading another reviewer may have ended it.
    const pending = decided === 'approved' && session.status === 'in-review';
    return { ...session, ...(pending ? { review: { approvals, reviewersNeeded: 1 } } : {}) };
  }

  @Post('claim')
  @ApiOperation({
    summary: 'Claim a review',
    description: 'No other key can decide until the claim is released or runs out. Repeat the call to extend it.',
  })
  @HttpCode(200)
  @ApiAnswers({ 200: [ReviewResponse, 'The review, with your claim.'] }, refusals)
  async claim(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<ReviewDetail> {
    const claimed = isId('ses', id)
      ? await this.reviews.claim(id, reachOf(principal), actorOf(principal))
      : 'not-found';
    return claimed === 'claimed' ? this.find(id, reachOf(principal)) : refuse(claimed);
  }

  @Post('release')
  @ApiOperation({ summary: 'Release a claim', description: 'May be repeated.' })
  @HttpCode(200)
  @ApiAnswers({ 200: [ReviewResponse, 'The review, without a claim.'] }, refusals)
  async release(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<ReviewDetail> {
    const released = isId('ses', id)
      ? await this.reviews.release(id, reachOf(principal), actorOf(principal))
      : 'not-found';
    return released === 'released' ? this.find(id, reachOf(principal)) : refuse(released);
  }

  @Post('notes')
  @ApiOperation({ summary: 'Add a note to a review', description: 'Other reviewers can read it. This needs no claim.' })
  @ApiAnswers({ 201: [ReviewNoteResponse, 'The note.'] }, ['invalid-request', 'not-found', 'not-in-review'])
  async note(
    @Param('id') id: string,
    @Body() { note }: ReviewNoteDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ReviewNote> {
    const actor = actorOf(principal);
    const noted = isId('ses', id) ? await this.reviews.note(id, reachOf(principal), note, actor) : 'not-found';
    return typeof noted === 'string' ? refuse(noted) : { by: actor.id, at: noted.at.toISOString(), note };
  }

  private async find(id: string, reach: Reach): Promise<ReviewDetail> {
    return (await this.queue.find(id, reach)) ?? refuse('not-found');
  }
}

function refuse(code: ProblemCode): never {
  throw new Problem(code);
}
