import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Problem } from '../../core/errors.js';
import type { Reach } from '../../core/reach.js';
import { ApiAnswers } from '../../http/api-answers.js';
import { CurrentReach } from '../../http/principal.js';
import { RequireAllPlatforms, RequireScope } from '../../http/scopes.js';
import { invalid } from '../../http/validation.js';
import { ConsistencyDto } from './journal.dto.js';
import {
  CheckpointResponse,
  ConsistencyProofResponse,
  InclusionProofResponse,
  JournalKeyResponse,
  VerificationResponse,
} from './journal.responses.js';
import { JournalService } from './journal.service.js';

@ApiTags('journal')
@ApiBearerAuth()
@RequireScope('audit')
@Controller('v1/journal')
export class JournalController {
  constructor(@Inject(JournalService) private readonly journal: JournalService) {}

  @Get('checkpoint')
  @RequireAllPlatforms()
  @ApiOperation({
    summary: 'Get the newest checkpoint',
    description: 'The signed note, as `text/plain`. With `Accept: application/json` you get the note and its parts.',
  })
  @ApiAnswers({ 200: [CheckpointResponse, 'Also as text/plain, which is the default.'] })
  async checkpoint(
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CheckpointResponse | string> {
    const checkpoint = await this.journal.checkpoint();
    if (wantsJson(accept)) return checkpoint;
    void reply.header('content-type', 'text/plain; charset=utf-8');
    return checkpoint.checkpoint;
  }

  @Get('key')
  @ApiOperation({
    summary: 'Get the key that signs checkpoints',
    description:
      'Keep a copy outside this service, because an attacker who can change the journal could also change this answer.',
  })
  @ApiAnswers({ 200: [JournalKeyResponse, 'The key.'] })
  key(): JournalKeyResponse {
    return this.journal.key();
  }

  @Get('proof/:eventId')
  @ApiOperation({
    summary: 'Prove that an event is in the journal',
    description: 'An inclusion proof against the newest tree.',
  })
  @ApiAnswers({ 200: [InclusionProofResponse, 'The path from the event to the signed root.'] }, ['not-found'])
  async proof(@Param('eventId') eventId: string, @CurrentReach() reach: Reach): Promise<InclusionProofResponse> {
    const proof = await this.journal.inclusion(eventId, reach);
    if (proof === 'not-found') throw new Problem(proof);
    if (proof === 'not-sealed') throw new Problem('unavailable', { detail: 'The event is not sealed yet.' });
    return proof;
  }

  @Get('consistency')
  @RequireAllPlatforms()
  @ApiOperation({
    summary: 'Prove that the journal only grew',
    description: 'A proof that the tree of `to` events begins with the tree of `from` events.',
  })
  @ApiAnswers({ 200: [ConsistencyProofResponse, 'The proof.'] }, ['invalid-request'])
  async consistency(@Query() { from, to }: ConsistencyDto): Promise<ConsistencyProofResponse> {
    const proof = await this.journal.consistency(from, to);
    if (proof === 'no-such-trees') {
      const field = to !== undefined && from > to ? 'from' : to === undefined ? 'from' : 'to';
      throw invalid([{ field, message: 'must not be greater than the size of the tree' }]);
    }
    return proof;
  }

  @Get('verify')
  @RequireAllPlatforms()
  @ApiOperation({
    summary: 'Verify the journal',
    description:
      'Recomputes the journal from its rows and compares it with every signed checkpoint, in the database and outside of it. A longer journal takes more time. A request that comes while a verification is running gets the result of that verification. If something is wrong, sealing stops until an operator runs `facecode journal accept --root` with the `root` of this answer.',
  })
  @ApiAnswers({ 200: [VerificationResponse, 'Whether the journal is intact, and if not, its first bad position.'] }, [
    'overloaded',
  ])
  verify(): Promise<VerificationResponse> {
    return this.journal.verify();
  }
}

/** Whether JSON is named before any text. */
function wantsJson(accept: string | undefined): boolean {
  const json = accept?.indexOf('application/json') ?? -1;
  const text = accept?.indexOf('text/') ?? -1;
  return json >= 0 && (text < 0 || json < text);
}
