import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from './clock.js';
import { KeyedDigests } from './keyed-digests.js';
import { Sealer } from './sealing.js';

/** The clock, and everything that is derived from the encryption keys. */
@Global()
@Module({})
export class CoreModule {
  static forRoot(settings: { keys: { encryption: readonly Buffer[] } }): DynamicModule {
    return {
      module: CoreModule,
      providers: [
        { provide: Clock, useClass: SystemClock },
        { provide: Sealer, useFactory: () => new Sealer(settings.keys.encryption) },
        { provide: KeyedDigests, useFactory: () => new KeyedDigests(settings.keys.encryption) },
      ],
      exports: [Clock, Sealer, KeyedDigests],
    };
  }
}
