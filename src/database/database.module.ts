import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Database } from './database.js';

/** Makes an opened database injectable. Whoever opened it closes it, after the queues have stopped using it. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(database: Database): DynamicModule {
    return { module: DatabaseModule, providers: [{ provide: Database, useValue: database }], exports: [Database] };
  }
}
