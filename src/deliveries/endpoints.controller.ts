import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { allPlatforms } from '../core/platform.js';
import type { Reach } from '../core/reach.js';
import { administratorOf, chosenPlatform, CurrentPrincipal, CurrentReach, reachOf } from '../http/principal.js';
import { type Principal, RequireScope } from '../http/scopes.js';
import { invalid } from '../http/validation.js';
import { ChangeEndpointDto, CreateEndpointDto, ListEndpointsDto, RotateSecretDto } from './endpoint.dto.js';
import { EndpointPageResponse, EndpointResponse, EndpointWithSecretResponse } from './endpoint.responses.js';
import { EndpointsService } from './endpoints.service.js';

@ApiTags('endpoints')
@ApiBearerAuth()
@RequireScope('endpoints')
@Controller('v1/endpoints')
export class EndpointsController {
  constructor(@Inject(EndpointsService) private readonly endpoints: EndpointsService) {}

  @Post()
  @ApiOperation({
    summary: 'Create an endpoint',
    description: 'The service sends later events to its URL, signed as Standard Webhooks 1.0 describes.',
  })
  @ApiAnswers({ 201: [EndpointWithSecretResponse, 'The secret is in this answer and nowhere else.'] }, [
    'invalid-request',
    'limit-reached',
  ])
  async create(
    @Body() body: CreateEndpointDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<EndpointWithSecretResponse> {
    const platform = chosenPlatform(principal, body.platform, allPlatforms);
    return accepted(await this.endpoints.create(body, platform, administratorOf(principal)), body.url);
  }

  @Get()
  @ApiOperation({ summary: 'List endpoints', description: 'Newest first.' })
  @ApiAnswers({ 200: [EndpointPageResponse, 'One page.'] }, ['invalid-request'])
  list(@Query() query: ListEndpointsDto, @CurrentReach() reach: Reach): Promise<EndpointPageResponse> {
    return this.endpoints.list(query, reach);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Get an endpoint', description: 'The answer never holds a secret.' })
  @ApiAnswers({ 200: [EndpointResponse, 'The endpoint.'] }, ['not-found'])
  async get(@Param('id') id: string, @CurrentReach() reach: Reach): Promise<EndpointResponse> {
    return accepted((await this.endpoints.find(id, reach)) ?? 'not-found');
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change an endpoint',
    description: 'Can also disable or enable it. Fields that you leave out keep their values.',
  })
  @ApiAnswers({ 200: [EndpointResponse, 'The endpoint.'] }, ['invalid-request', 'not-found'])
  async change(
    @Param('id') id: string,
    @Body() body: ChangeEndpointDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<EndpointResponse> {
    return accepted(await this.endpoints.change(id, reachOf(principal), body, administratorOf(principal)), body.url);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete an endpoint', description: 'Pending deliveries to it are not sent.' })
  @HttpCode(204)
  @ApiAnswers({ 204: [null, 'Deleted.'] }, ['not-found'])
  async delete(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    if (!(await this.endpoints.delete(id, reachOf(principal), administratorOf(principal))))
      throw new Problem('not-found');
  }

  @Post(':id/rotate-secret')
  @ApiOperation({
    summary: 'Rotate the secret of an endpoint',
    description:
      'Makes a new secret. For a while both the old and the new secret sign, so that the receiver has time to switch.',
  })
  @HttpCode(200)
  @ApiAnswers({ 200: [EndpointWithSecretResponse, 'The new secret is in this answer and nowhere else.'] }, [
    'invalid-request',
    'not-found',
  ])
  async rotate(
    @Param('id') id: string,
    @Body() { overlapSeconds }: RotateSecretDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<EndpointWithSecretResponse> {
    return accepted(
      await this.endpoints.rotateSecret(id, reachOf(principal), overlapSeconds, administratorOf(principal)),
    );
  }
}

function accepted<T extends EndpointResponse>(answer: T | 'not-found' | 'limit-reached' | 'url-refused', url = ''): T {
  if (answer === 'not-found' || answer === 'limit-reached') throw new Problem(answer);
  if (answer === 'url-refused') throw invalid([{ field: 'url', message: whyRefused(url) }]);
  return answer;
}

/**
 * The same sentence for every cause. It names the host as the caller wrote it, never the addresses that it resolves to:
 * a key with the scope `endpoints` must not be able to explore our network.
 */
function whyRefused(url: string): string {
  const host = URL.canParse(url) ? new URL(url).host : 'this URL';
  return `Nothing may be sent to ${host}. The URL must be https, without credentials and on a port for HTTP, and all addresses of its host must be public. An operator can allow other addresses with EGRESS_ALLOW.`;
}
