import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FourEyesRefusal } from '../attempts/four-eyes.js';
import type { ReviewRefusal } from '../attempts/review.js';
import { ReviewService } from '../attempts/review.service.js';
import { Problem, type ProblemCode } from '../core/errors.js';
import { isId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { CurrentPrincipal, namedActorOf, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { ReviewQueue } from './review-queue.service.js';
import type { ReviewDetail, ReviewNote } from './review-view.js';
import { ReviewDto, ReviewNoteDto } from './review.dto.js';
import { ReviewedSessionResponse, ReviewNoteResponse, ReviewResponse } from './review.responses.js';

const refusals = ['not-found', 'not-in-review', 'review-claimed'] as const;

/** With REVIEW_FOUR_EYES=on: why a key may not decide, or may not grant the pass. */
const fourEyes: Readonly<Record<FourEyesRefusal, readonly [code: ProblemCode, detail: string]>> = {
  'admin-alone': [
    'forbidden',
    'With REVIEW_FOUR_EYES=on, only a key that has the scope review by name can decide on a held pass. The scope admin is not enough.',
  ],
  'no-owner': [
    'forbidden',
    'This key names no owner, so it cannot be one of the two that grant the pass. Use a key that was made with `owner` before the pass was held.',
  ],
  'key-too-new': [
    'forbidden',
    'This key was made after the pass was held. Only keys that existed then can grant the pass.',
  ],
  'second-reviewer-needed': [
    'second-reviewer-needed',
    'This key has already approved the pass. A second person must grant it.',
  ],
  'same-owner': [
    'second-reviewer-needed',
    'The key that approved the pass has the same owner. A second person must grant it.',
  ],
  'key-of-other-reviewer': [
    'second-reviewer-needed',
    'One of the two keys was made by the other one or by its owner, directly or through other keys. A person with an independent key must grant the pass.',
  ],
};

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
      "One reviewer is enough to refuse the pass. With REVIEW_FOUR_EYES=on two people must grant it: two API keys with the scope `review` and different owners, both made before the pass was held, and neither made by the other key or its owner. The first `pass` is recorded and ends that reviewer's claim; the session stays `in-review`. If the key of the first reviewer is revoked, that approval no longer counts.",
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
      ? await this.reviews.decide(id, reachOf(principal), body, namedActorOf(principal))
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
    description:
      'No other key can decide until the claim is released or runs out. Repeat the call to extend it. With REVIEW_FOUR_EYES=on the key needs the scope `review` by name; `admin` is not enough.',
  })
  @HttpCode(200)
  @ApiAnswers({ 200: [ReviewResponse, 'The review, with your claim.'] }, refusals)
  async claim(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<ReviewDetail> {
    const claimed = isId('ses', id)
      ? await this.reviews.claim(id, reachOf(principal), namedActorOf(principal))
      : 'not-found';
    return claimed === 'claimed' ? this.find(id, reachOf(principal)) : refuse(claimed);
  }

  @Post('release')
  @ApiOperation({ summary: 'Release a claim', description: 'May be repeated.' })
  @HttpCode(200)
  @ApiAnswers({ 200: [ReviewResponse, 'The review, without a claim.'] }, refusals)
  async release(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<ReviewDetail> {
    const released = isId('ses', id)
      ? await this.reviews.release(id, reachOf(principal), namedActorOf(principal))
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
    const actor = namedActorOf(principal);
    const noted = isId('ses', id) ? await this.reviews.note(id, reachOf(principal), note, actor) : 'not-found';
    return typeof noted === 'string' ? refuse(noted) : { by: actor.id, at: noted.at.toISOString(), note };
  }

  private async find(id: string, reach: Reach): Promise<ReviewDetail> {
    return (await this.queue.find(id, reach)) ?? refuse('not-found');
  }
}

function refuse(why: 'not-found' | ReviewRefusal): never {
  if (why === 'not-found' || why === 'not-in-review' || why === 'review-claimed') throw new Problem(why);
  const [code, detail] = fourEyes[why];
  throw new Problem(code, { detail });
}
