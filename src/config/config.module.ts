import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, ConfigService, registerAs } from '@nestjs/config';
import type { Settings } from './settings.js';
import { SETTINGS } from './settings.token.js';

const namespace = 'settings';

/** Gives every module the settings, under the token `SETTINGS` and as `settings` of Nest's ConfigService. */
@Module({})
export class ConfigurationModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: ConfigurationModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          cache: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          // The environment was read, once, before: a lookup must not reach past the validated object.
          skipProcessEnv: true,
          load: [registerAs(namespace, () => settings)],
        }),
      ],
      providers: [
        {
          provide: SETTINGS,
          inject: [ConfigService],
          useFactory: (config: ConfigService): Settings => config.getOrThrow<Settings>(namespace),
        },
      ],
      exports: [SETTINGS],
    };
  }
}
