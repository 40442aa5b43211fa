import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { actorOf, CurrentPrincipal } from '../http/principal.js';
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

  /** List what was or is to be sent to an endpoint, newest first, with every try. */
  @Get('endpoints/:id/deliveries')
  @ApiAnswers({ 200: [DeliveryPageResponse, 'One page.'] }, ['invalid-request', 'not-found'])
  async list(@Param('id') id: string, @Query() query: ListDeliveriesDto): Promise<DeliveryPageResponse> {
    return accepted(await this.deliveries.list(id, query));
  }

  /** Send a signed event of type `endpoint.test`. It is in no journal, and passes every filter. */
  @Post('endpoints/:id/test')
  @HttpCode(202)
  @ApiAnswers({ 202: [DeliveryResponse, 'On its way; read the delivery to see how it went.'] }, [
    'not-found',
    'endpoint-disabled',
  ])
  async test(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<DeliveryResponse> {
    return accepted(await this.deliveries.test(id, actorOf(principal)));
  }

  /**
   * Say that the endpoint is well again. A hold-back ends, and what has failed, waits for a later try or was missed
   * while the endpoint was disabled is sent now, each session's events in order.
   */
  @Post('endpoints/:id/recover')
  @HttpCode(202)
  @ApiAnswers({ 202: [RecoveryResponse, 'The deliveries follow.'] }, [
    'invalid-request',
    'not-found',
    'endpoint-disabled',
  ])
  async recover(@Param('id') id: string, @Body() { since }: RecoverDto): Promise<RecoveryResponse> {
    return accepted(await this.deliveries.recover(id, since));
  }

  /** Read a delivery, with what was answered to each try. */
  @Get('deliveries/:id')
  @ApiAnswers({ 200: [DeliveryResponse, 'The delivery.'] }, ['not-found'])
  async get(@Param('id') id: string): Promise<DeliveryResponse> {
    return accepted(await this.deliveries.find(id));
  }

  /** Send a delivery at once, even if it was delivered before. Its schedule begins anew, and a hold-back of the endpoint ends. */
  @Post('deliveries/:id/retry')
  @HttpCode(202)
  @ApiAnswers({ 202: [DeliveryResponse, 'On its way.'] }, ['not-found', 'endpoint-disabled'])
  async retry(@Param('id') id: string): Promise<DeliveryResponse> {
    return accepted(await this.deliveries.retry(id));
  }
}

function accepted<T extends object>(answer: T | 'not-found' | 'endpoint-disabled'): T {
  if (typeof answer === 'string') throw new Problem(answer);
  return answer;
}
