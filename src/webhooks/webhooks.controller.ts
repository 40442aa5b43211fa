import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../core/errors.js';
import type { AuthenticatedRequest } from '../http/access.guard.js';
import { ApiAnswers } from '../http/api-answers.js';
import { Metrics } from '../http/metrics.js';
import { Public } from '../http/scopes.js';
import { headers } from '../idenfy/contract.js';
import { ReceivedResponse } from './received.response.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('webhook receiver')
@Controller('webhooks')
export class WebhooksController {
  constructor(
    @Inject(WebhooksService) private readonly webhooks: WebhooksService,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Post('idenfy')
  @ApiOperation({
    summary: 'Receive a result from iDenfy',
    description:
      'iDenfy calls this route. The signature over the raw bytes authenticates it. 200 means that the webhook is stored durably. A final result without `token` is stored as `unmatched`; the service then asks the session API at once about each open attempt of its `scanRef` that has a code.',
  })
  @HttpCode(200)
  @Public()
  @ApiConsumes('application/json')
  @ApiHeader({ name: 'Idenfy-Signature', required: true, description: 'Lower-case hex HMAC-SHA256 over the raw body.' })
  @ApiHeader({ name: 'Idenfy-Event-Type', required: false, example: 'FACIAL_AUTHENTICATION' })
  @ApiBody({
    schema: { type: 'object', required: ['status'], anyOf: [{ required: ['token'] }, { required: ['scanRef'] }] },
  })
  @ApiAnswers(
    { 200: [ReceivedResponse, 'Kept, before this answer.'] },
    ['invalid-request', 'unauthenticated', 'payload-too-large', 'unsupported-media-type', 'overloaded', 'unavailable'],
    [],
  )
  async receive(@Req() request: AuthenticatedRequest): Promise<ReceivedResponse> {
    // Only the parser of JSON leaves bytes; a request without a media type and without a body had no parser.
    if (!Buffer.isBuffer(request.body)) throw new Problem('unsupported-media-type');
    const receipt = await this.webhooks.receive(
      request.body,
      one(request.headers[headers.signature]),
      eventType(request),
    );
    this.metrics.webhooks.inc({ result: receipt.kind });
    switch (receipt.kind) {
      case 'received':
        return { received: true };
      case 'duplicate':
        return { received: true, duplicate: true };
      case 'quarantined':
        return { received: true, quarantined: true };
      case 'not-json':
        throw new Problem('invalid-request', { detail: receipt.error });
      case 'overloaded':
        throw new Problem('overloaded', { retryAfterSeconds });
      case 'bad-signature':
        request.refusedFor = receipt.kind;
        throw new Problem('unauthenticated', {
          detail: 'The `Idenfy-Signature` header is missing or malformed, or it does not sign this body.',
        });
    }
  }
}

/** iDenfy tries again within 10 s. */
const retryAfterSeconds = 2;

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? undefined : header);

const eventType = (request: FastifyRequest): string | null => one(request.headers[headers.eventType])?.trim() || null;
