import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem, type ProblemCode } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { CurrentPrincipal, namedActorOf } from '../http/principal.js';
import { type Principal, RequireAllPlatforms, RequireScope } from '../http/scopes.js';
import { isPlainText } from '../http/validation.js';
import { nothingIsSigned } from '../journal/tree/inconsistency.js';
import { ErasureService } from './erasure.service.js';
import { LegalHolds } from './legal-holds.service.js';
import type { LegalHold } from './legal-holds.store.js';
import { ErasureCertificateResponse, LegalHoldDto, LegalHoldResponse } from './privacy.dto.js';

@ApiTags('subjects')
@ApiBearerAuth()
@RequireAllPlatforms()
@Controller('v1/subjects')
export class PrivacyController {
  constructor(
    @Inject(ErasureService) private readonly erasure: ErasureService,
    @Inject(LegalHolds) private readonly holds: LegalHolds,
  ) {}

  @Post(':scanRef/erase')
  @ApiOperation({
    summary: 'Erase a subject',
    description:
      'Erases the personal data of the subject for good. The journal stays provable. The answer is a signed certificate.',
  })
  @HttpCode(200)
  @RequireScope('admin')
  @ApiAnswers({ 200: [ErasureCertificateResponse, 'What was erased where. May be repeated.'] }, [
    'not-found',
    'legal-hold',
  ])
  async erase(
    @Param('scanRef') scanRef: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ErasureCertificateResponse> {
    const erased = isScanRef(scanRef) ? await this.erasure.erase(scanRef, namedActorOf(principal)) : 'not-found';
    if (erased === 'inconsistent') throw new Problem('unavailable', { detail: nothingIsSigned });
    return orRefuse(erased);
  }

  @Get(':scanRef/legal-hold')
  @ApiOperation({ summary: 'Get the legal hold of a subject' })
  @RequireScope('audit')
  @ApiAnswers({ 200: [LegalHoldResponse, 'The hold.'] }, ['not-found'])
  async legalHold(@Param('scanRef') scanRef: string): Promise<LegalHoldResponse> {
    return view(scanRef, orRefuse((isScanRef(scanRef) && (await this.holds.find(scanRef))) || 'not-found'));
  }

  @Put(':scanRef/legal-hold')
  @ApiOperation({
    summary: 'Place a legal hold on a subject',
    description: 'Until you lift it, nothing erases the subject: neither a request nor the retention period.',
  })
  @RequireScope('admin')
  @ApiAnswers({ 200: [LegalHoldResponse, 'The hold.'] }, ['invalid-request', 'not-found'])
  async placeHold(
    @Param('scanRef') scanRef: string,
    @Body() { reason }: LegalHoldDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<LegalHoldResponse> {
    const hold = isScanRef(scanRef) ? await this.holds.place(scanRef, reason, namedActorOf(principal)) : 'not-found';
    return view(scanRef, orRefuse(hold));
  }

  @Delete(':scanRef/legal-hold')
  @ApiOperation({ summary: 'Lift the legal hold of a subject' })
  @HttpCode(204)
  @RequireScope('admin')
  @ApiAnswers({ 204: [null, 'Lifted.'] }, ['not-found'])
  async liftHold(@Param('scanRef') scanRef: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    const lifted = isScanRef(scanRef) ? await this.holds.lift(scanRef, namedActorOf(principal)) : 'not-found';
    if (lifted === 'not-found') throw new Problem(lifted);
  }
}

const isScanRef = (text: string): boolean => isPlainText(text, 1, 64);

function orRefuse<T extends object>(result: T | Extract<ProblemCode, 'not-found' | 'legal-hold'>): T {
  if (typeof result === 'string') throw new Problem(result);
  return result;
}

const view = (scanRef: string, { reason, placedBy, placedAt }: LegalHold): LegalHoldResponse => ({
  scanRef,
  reason,
  placedBy,
  placedAt: placedAt.toISOString(),
});
