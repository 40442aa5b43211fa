import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Clock } from '../core/clock.js';
import { Problem } from '../core/errors.js';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { CurrentPrincipal, CurrentReach, namedActorOf, needsAllPlatforms, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { isPlainText } from '../http/validation.js';
import { SubjectView } from './subject-view.js';
import { SubjectsService } from './subjects.service.js';

@ApiTags('subjects')
@ApiBearerAuth()
@Controller('v1/subjects')
export class SubjectsController {
  constructor(
    @Inject(SubjectsService) private readonly subjects: SubjectsService,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get(':scanRef')
  @ApiOperation({
    summary: 'Get a subject',
    description: 'Its failures in a row, its lock and its last outcomes. A scanRef without a session gets 404.',
  })
  @RequireScope('audit')
  @ApiAnswers({ 200: [SubjectView, 'The subject.'] }, ['not-found'])
  async get(@Param('scanRef') scanRef: string, @CurrentReach() reach: Reach): Promise<SubjectView> {
    return found(isScanRef(scanRef) ? await this.subjects.view(scanRef, reach, this.clock.now()) : 'not-found');
  }

  @Post(':scanRef/release')
  @ApiOperation({
    summary: 'Release a locked subject',
    description:
      'Ends the lock and resets the count of failures. May be repeated. If failures on other platforms count towards the lock, only an API key of all platforms can release it (403 otherwise).',
  })
  @HttpCode(200)
  @RequireScope('review')
  @ApiAnswers({ 200: [SubjectView, 'The subject, not locked.'] }, ['not-found'])
  async release(@Param('scanRef') scanRef: string, @CurrentPrincipal() principal: Principal): Promise<SubjectView> {
    const now = this.clock.now();
    const released = isScanRef(scanRef)
      ? await this.subjects.release(scanRef, reachOf(principal), namedActorOf(principal), now)
      : 'not-found';
    if (released === 'foreign-failures')
      throw needsAllPlatforms('Failures on other platforms count towards this lock.');
    return found(released);
  }
}

const isScanRef = (text: string): boolean => isPlainText(text, 1, 64);

function found(subject: SubjectView | 'not-found'): SubjectView {
  if (subject === 'not-found') throw new Problem('not-found');
  return subject;
}
