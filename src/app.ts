/** Starts the service from its settings, and stops it again: each part is stopped after the parts that use it. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { BootstrapKey, type NewAdminKey } from './access/bootstrap-key.js';
import { AppModule } from './app.module.js';
import type { Settings } from './config/settings.js';
import { settingsWarnings } from './config/warnings.js';
import { Opened } from './core/opened.js';
import { openReadDatabase, unsafeDurability } from './database/connect.js';
import { openDatabase } from './database/open.js';
import { configureFastify, createFastify } from './http/fastify.js';
import { createLogger, NestLogger } from './http/logging.js';
import { Metrics } from './http/metrics.js';
import { serveOpenApi } from './http/openapi.js';
import { eventWebhooks } from './journal/catalogue/event-catalogue-webhooks.js';
import { checkKeys } from './journal/key-canaries.js';
import { OutsideCheckpoints } from './journal/tree/outside-checkpoints.js';
import { openQueueBackend } from './queue/backend.js';

export interface Service {
  /** where the HTTP API listens */
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly logger: Logger;
  /** the admin key if this start made one; it is shown nowhere else */
  readonly newAdminKey: NewAdminKey | null;
  /** Lets running requests and jobs finish, then closes everything. */
  close(): Promise<void>;
}

/** How long to wait for a database server that starts at the same time as we do. */
const databasePatienceSeconds = 30;
/** A part that cannot close, such as a queue whose server is away, must not keep a failed start from ending. */
const abandonWithinMs = 5000;

/** If the start fails, everything that was opened is closed again. @throws the error that made it fail */
export async function startService(settings: Settings, logger = createLogger(settings)): Promise<Service> {
  for (const warning of settingsWarnings(settings)) logger.warn(warning);
  const opened = new Opened();
  try {
    return { ...(await open(settings, logger, opened)), logger, close: () => opened.close() };
  } catch (error) {
    await opened.abandon(abandonWithinMs);
    throw error;
  }
}

async function open(
  settings: Settings,
  logger: Logger,
  opened: Opened,
): Promise<Pick<Service, 'app' | 'url' | 'newAdminKey'>> {
  const database = await openDatabase(settings, {
    seconds: databasePatienceSeconds,
    notify: (line) => logger.warn(line),
  });
  opened.add(() => database.close());
  const reads = openReadDatabase(settings, database);
  opened.add(() => reads.close());
  await checkKeys(database, settings, 'all');
  for (const name of await unsafeDurability(database)) {
    logger.warn(`PostgreSQL runs with ${name}=off: an answered request may be lost in a crash`);
  }

  const backend = await openQueueBackend(settings, database);
  opened.add(() => backend.close());
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(settings, database, reads, backend),
    createFastify(logger, settings.http.trustProxy),
    { logger: new NestLogger(logger), bodyParser: false, abortOnError: false },
  );
  // A job that ends while the workers are being closed may seal, so this comes after them.
  opened.add(() => app.get(OutsideCheckpoints).written());
  opened.add(() => app.close());
  await configureFastify(app.getHttpAdapter().getInstance(), app.get(Metrics), settings.http.corsOrigins);
  if (settings.roles.api) serveOpenApi(app, eventWebhooks());
  const newAdminKey = await app.get(BootstrapKey).ensure();
  await app.listen(settings.http.port, settings.http.host);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  logger.info(
    `Facecode listens on ${url} (database: ${database.embedded ? 'embedded' : 'PostgreSQL'}, queues: ${backend.kind})`,
  );
  return { app, url, newAdminKey };
}
