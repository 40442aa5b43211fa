import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { BootstrapKey } from './bootstrap-key.js';

/** Makes and revokes API keys, and records that. The guard that checks them is in http/. */
@Module({})
export class AccessModule {
  static forRoles(roles: { api: boolean }, imports: NonNullable<DynamicModule['imports']>): DynamicModule {
    return {
      module: AccessModule,
      imports,
      controllers: roles.api ? [ApiKeysController] : [],
      providers: [BootstrapKey, ...(roles.api ? [ApiKeysService] : [])],
    };
  }
}
