/** Starts the service from its settings and stops it again, each part after what stands on it. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import type { Settings } from './config/settings.js';
import { settingsWarnings } from './config/warnings.js';
import { Clock } from './core/clock.js';
import { unsafeDurability } from './database/connect.js';
import type { Database } from './database/database.js';
import { openDatabase } from './database/open.js';
import { ApiKeysStore } from './http/api-keys.store.js';
import { configureFastify, createFastify } from './http/fastify.js';
import { createLogger, NestLogger } from './http/logging.js';
import { Metrics } from './http/metrics.js';
import { serveOpenApi } from './http/openapi.js';
import { eventWebhooks } from './journal/catalogue/event-catalogue-webhooks.js';
import { openQueueBackend } from './queue/backend.js';

export interface Service {
  /** where the HTTP API listens */
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly logger: Logger;
  /** Lets running requests and jobs finish, then closes everything. */
  close(): Promise<void>;
}

/** @throws ConfigurationError, MigrationsPending, FolderInUse, DatabaseUnavailable and what listening can throw */
export async function startService(settings: Settings, logger = createLogger(settings)): Promise<Service> {
  for (const warning of settingsWarnings(settings)) logger.warn(warning);
  const database = await openDatabase(settings);
  try {
    for (const name of await unsafeDurability(database)) {
      logger.warn(`PostgreSQL runs with ${name}=off: an answered request may be lost in a crash`);
    }
    return await startOn(database, settings, logger);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function startOn(database: Database, settings: Settings, logger: Logger): Promise<Service> {
  const backend = await openQueueBackend(settings, database);
  try {
    const app = await NestFactory.create<NestFastifyApplication>(
      AppModule.forRoot(settings, database, backend),
      createFastify(logger, settings.http.trustProxy),
      { logger: new NestLogger(logger), bodyParser: false, abortOnError: false },
    );
    await configureFastify(app.getHttpAdapter().getInstance(), app.get(Metrics), settings.http.corsOrigins);
    if (settings.roles.api) serveOpenApi(app, eventWebhooks());
    const { admin, adminFromEnvironment } = settings.keys;
    await app.get(ApiKeysStore).ensureBootstrap(admin, adminFromEnvironment, app.get(Clock).now());
    await app.listen(settings.http.port, settings.http.host);
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    logger.info(
      `Facecode listens on ${url} (database: ${database.embedded ? 'embedded' : 'PostgreSQL'}, queues: ${backend.kind})`,
    );
    const close = async () => {
      await app.close();
      await backend.close();
      await database.close();
    };
    return { url, app, logger, close };
  } catch (error) {
    await backend.close();
    throw error;
  }
}
