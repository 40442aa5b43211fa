import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import type { Reach } from '../core/reach.js';
import { ApiAnswers } from '../http/api-answers.js';
import { actorOf, CurrentPrincipal, CurrentReach, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { DeliveriesService } from './deliveries.service.js';
import { ListDeliveriesDto, RecoverDto } from './delivery.dto.js';
import { DeliveryPageResponse, DeliveryResponse, RecoveryResponse } from './delivery.responses.js';

@ApiTags('deliveries')
@ApiBearerAuth()
@RequireScope('endpoints')
@Controller('v1')
export class DeliveriesController {
  constructor(@Inject(DeliveriesService) private readonly deliveries: DeliveriesService) {}

  @Get('endpoints/:id/deliveries')
  @ApiOperation({
    summary: 'List the deliveries of an endpoint',
    description: 'Newest first, each with all its tries.',
  })
  @ApiAnswers({ 200: [DeliveryPageResponse, 'One page.'] }, ['invalid-request', 'not-found', 'overloaded'])
  async list(
    @Param('id') id: string,
    @Query() query: ListDeliveriesDto,
    @CurrentReach() reach: Reach,
  ): Promise<DeliveryPageResponse> {
    return accepted(await this.deliveries.list(id, reach, query));
  }

  @Post('endpoints/:id/test')
  @ApiOperation({
    summary: 'Send a test event to an endpoint',
    description:
      'Sends a signed event of type `endpoint.test`. This event is not in the journal, and `eventTypes` of the endpoint does not filter it.',
  })
  @HttpCode(202)
  @ApiAnswers({ 202: [DeliveryResponse, 'The delivery. Read it again to see the result.'] }, [
    'not-found',
    'endpoint-disabled',
  ])
  async test(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<DeliveryResponse> {
    return accepted(await this.deliveries.test(id, reachOf(principal), actorOf(principal)));
  }

  @Post('endpoints/:id/recover')
  @ApiOperation({
    summary: 'Send missed events again',
    description:
      'Call this when the endpoint works again. The service stops holding deliveries back, and sends at once everything that failed, that waits for a later try, or that was missed while the endpoint was disabled. The events of each session are sent in order.',
  })
  @HttpCode(202)
  @ApiAnswers({ 202: [RecoveryResponse, 'Accepted; the service makes the deliveries now.'] }, [
    'invalid-request',
    'not-found',
    'endpoint-disabled',
  ])
  async recover(
    @Param('id') id: string,
    @Body() { since }: RecoverDto,
    @CurrentReach() reach: Reach,
  ): Promise<RecoveryResponse> {
    return accepted(await this.deliveries.recover(id, reach, since));
  }

  @Get('deliveries/:id')
  @ApiOperation({ summary: 'Get a delivery', description: 'Each try is shown with its answer.' })
  @ApiAnswers({ 200: [DeliveryResponse, 'The delivery.'] }, ['not-found'])
  async get(@Param('id') id: string, @CurrentReach() reach: Reach): Promise<DeliveryResponse> {
    return accepted(await this.deliveries.find(id, reach));
  }

  @Post('deliveries/:id/retry')
  @ApiOperation({
    summary: 'Retry a delivery now',
    description:
      'Sends it at once, even if it was delivered before. Its schedule of tries starts again, and the service stops holding back deliveries of the endpoint.',
  })
  @HttpCode(202)
  @ApiAnswers({ 202: [DeliveryResponse, 'The delivery, to be sent now.'] }, ['not-found', 'endpoint-disabled'])
  async retry(@Param('id') id: string, @CurrentReach() reach: Reach): Promise<DeliveryResponse> {
    return accepted(await this.deliveries.retry(id, reach));
  }
}

function accepted<T extends object>(answer: T | 'not-found' | 'endpoint-disabled'): T {
  if (typeof answer === 'string') throw new Problem(answer);
  return answer;
}
