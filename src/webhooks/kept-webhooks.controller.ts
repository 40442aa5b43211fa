import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Clock } from '../core/clock.js';
import { Problem } from '../core/errors.js';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { administratorOf, CurrentPrincipal, CurrentReach, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { KeptWebhooks } from './kept-webhooks.service.js';
import { ListWebhooksDto } from './webhook.dto.js';
import { WebhookPageResponse, WebhookResponse } from './webhook.responses.js';

/** Why a webhook that exists has nothing to run again. */
const noBody = {
  'body-purged':
    'The body was purged after WEBHOOK_BODY_RETENTION_DAYS or because its subject was erased; only its digest is left.',
  'body-not-stored':
    'It cannot be replayed: the service keeps only the digests of identifications and of other event types than FACIAL_AUTHENTICATION.',
  'body-unreadable': 'The body is sealed with a key that is not among FACECODE_ENCRYPTION_KEY.',
} as const;

@ApiTags('received webhooks')
@ApiBearerAuth()
@Controller('v1/webhooks')
export class KeptWebhooksController {
  constructor(
    @Inject(KeptWebhooks) private readonly webhooks: KeptWebhooks,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List received webhooks',
    description: 'What iDenfy has sent, newest first, never with a body or a token.',
  })
  @RequireScope('audit')
  @ApiAnswers({ 200: [WebhookPageResponse, 'One page.'] }, ['invalid-request', 'overloaded'])
  list(@Query() query: ListWebhooksDto, @CurrentReach() reach: Reach): Promise<WebhookPageResponse> {
    return this.webhooks.list(query, reach);
  }

  @Post(':id/replay')
  @ApiOperation({
    summary: 'Replay a received webhook',
    description:
      'Applies the stored body again with the current version of the service. Effects that it already had do not happen twice.',
  })
  @HttpCode(200)
  @RequireScope('admin')
  @ApiAnswers({ 200: [WebhookResponse, 'The webhook after the replay.'] }, ['not-found'])
  async replay(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<WebhookResponse> {
    const replayed = await this.webhooks.replay(id, reachOf(principal), administratorOf(principal), this.clock.now());
    if (replayed === 'not-found') throw new Problem('not-found');
    if (typeof replayed === 'string') throw new Problem('not-found', { detail: noBody[replayed] });
    return replayed;
  }
}
