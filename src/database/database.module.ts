import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Database } from './database.js';
import { ReadDatabase } from './read-database.js';

/** Makes an opened database injectable. Whoever opened it closes it, after the queues have stopped using it. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(database: Database, reads: ReadDatabase): DynamicModule {
    const providers = [
      { provide: Database, useValue: database },
      { provide: ReadDatabase, useValue: reads },
    ];
    return { module: DatabaseModule, providers, exports: [Database, ReadDatabase] };
  }
}
