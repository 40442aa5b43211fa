import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ArrayMinSize, ArrayUnique, IsArray } from 'class-validator';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { ApiKeysService } from './api-keys.service.js';
import type { ApiKey } from '../http/api-keys.store.js';
import { IfPresent } from '../http/if-present.js';
import { allPlatforms, defaultPlatform } from '../core/platform.js';
import { administratorOf, CurrentPrincipal } from '../http/principal.js';
import {
  allPlatformsRule,
  mayHaveAllPlatforms,
  type Principal,
  RequireAllPlatforms,
  RequireScope,
  type Scope,
  scopes,
} from '../http/scopes.js';
import { IsInstant, parseInstant } from '../http/instant.js';
import { EachOneOf, invalid, IsPlatform, PlainText } from '../http/validation.js';

class CreateApiKeyDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'checkout backend' })
  @PlainText(1, 100)
  name!: string;

  @ApiProperty({ isArray: true, enum: scopes })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @EachOneOf(scopes)
  scopes!: Scope[];

  @ApiProperty({
    required: false,
    default: defaultPlatform,
    description:
      'The platform whose data the key may use: 1 to 64 of `a-z 0-9 -`. `*` means all platforms; such a key needs at least one of the scopes `audit`, `review`, `admin`.',
  })
  @IfPresent()
  @IsPlatform()
  platform: string = defaultPlatform;

  @ApiProperty({
    required: false,
    minLength: 1,
    maxLength: 100,
    description:
      'The person or system that holds the key. With REVIEW_FOUR_EYES=on, keys without an owner cannot grant held passes.',
  })
  @IfPresent()
  @PlainText(1, 100)
  owner?: string;

  @ApiProperty({
    required: false,
    format: 'date-time',
    description: 'In the future; without it the key does not expire.',
  })
  @IfPresent()
  @IsInstant()
  expiresAt?: string;
}

export class ApiKeyResponse {
  @ApiProperty({ example: 'key_019ab3c45d6e7f8091a2b3c4d5e6f708' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ isArray: true, enum: scopes })
  scopes!: Scope[];

  @ApiProperty({ description: 'The platform whose data the key may use; `*`: all platforms.' })
  platform!: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'The person or system that holds the key.' })
  owner!: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Id of the key that made this one; null for the bootstrap key and keys made on the command line.',
  })
  createdBy!: string | null;

  @ApiProperty({ description: 'The last four characters of the key.' })
  hint!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  expiresAt!: string | null;

  @ApiProperty({ required: false, description: 'The key itself. Only the answer that creates the key shows it.' })
  key?: string;
}

class ApiKeyListResponse {
  @ApiProperty({ type: [ApiKeyResponse] })
  data!: ApiKeyResponse[];
}

@ApiTags('api keys')
@ApiBearerAuth()
@RequireScope('admin')
@RequireAllPlatforms()
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(@Inject(ApiKeysService) private readonly keys: ApiKeysService) {}

  @Post()
  @ApiOperation({ summary: 'Create an API key' })
  @ApiAnswers({ 201: [ApiKeyResponse, 'The key is in this answer and nowhere else.'] }, [
    'invalid-request',
    'payload-too-large',
    'unsupported-media-type',
  ])
  async create(@Body() body: CreateApiKeyDto, @CurrentPrincipal() principal: Principal): Promise<ApiKeyResponse> {
    const { name, scopes: granted, platform, owner = null } = body;
    if (platform === allPlatforms && !mayHaveAllPlatforms(granted)) {
      throw invalid([{ field: 'platform', message: allPlatformsRule }]);
    }
    const by = administratorOf(principal);
    const createdBy = by.actor.id;
    const asked = { name, scopes: granted, platform, owner, createdBy, expiresAt: parseInstant(body.expiresAt) };
    const created = await this.keys.create(asked, by);
    if (created === 'expired-already') throw invalid([{ field: 'expiresAt', message: 'must be in the future' }]);
    return { ...view(created), key: created.key };
  }

  @Get()
  @ApiOperation({ summary: 'List API keys', description: 'Only live keys, newest first.' })
  @ApiAnswers({ 200: [ApiKeyListResponse, 'Without the keys themselves.'] })
  async list(): Promise<ApiKeyListResponse> {
    return { data: (await this.keys.list()).map(view) };
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Revoke an API key', description: 'It stops working at once.' })
  @HttpCode(204)
  @ApiAnswers({ 204: [null, 'Revoked.'] }, ['not-found'])
  async revoke(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    if (!(await this.keys.revoke(id, administratorOf(principal)))) throw new Problem('not-found');
  }
}

function view({ id, name, scopes: granted, platform, owner, createdBy, ...key }: ApiKey): ApiKeyResponse {
  const { hint, createdAt, expiresAt } = key;
  return {
    id,
    name,
    scopes: granted,
    platform,
    owner,
    createdBy,
    hint,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
  };
}
