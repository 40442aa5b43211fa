/** Runs the service as a process: settings from the environment, signals, exit code. */
import type { Logger } from 'pino';
import { type Service, startService } from '../app.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { readEnvironment } from '../config/environment.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import { createLogger } from '../http/logging.js';
import type { NewAdminKey } from '../http/bootstrap-key.js';
import { Readiness } from '../http/readiness.js';
import { printError } from './command.js';
import { failureOf } from './failure.js';

/** Seconds after SIGTERM within which everything is finished, or is left to the next start. */
const drainSeconds = 10;

/** For whoever starts the service for the first time and has set nothing yet. */
const wayOn = `
To try Facecode without an iDenfy account:    npm run demo
To run it against the simulator of iDenfy:    cp .env.example .env, then npm run simulator and, beside it, npm start
To run it against iDenfy: cp .env.example .env, and set there
  IDENFY_API_KEY, IDENFY_API_SECRET    the API key pair from iDenfy's dashboard
  IDENFY_WEBHOOK_KEYS                  the signing key that you set there for the notification FACIAL_AUTHENTICATION
  IDENFY_BASE_URL, IDENFY_FACE_URL     remove them: the defaults are iDenfy's own
README.md lists every setting.`;

/** @returns the exit code: 0 after a signal, 2 when the settings are wrong, 3 when it could not start or stop */
export async function runService(): Promise<number> {
  let settings: Settings;
  try {
    settings = readSettings(readEnvironment());
  } catch (error) {
    return refuse(error);
  }
  const logger = createLogger(settings);
  try {
    const service = await startService(settings, logger);
    announce(service.newAdminKey, process.stderr);
    await serve(service, logger);
    return 0;
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(error);
    const { line, stack } = failureOf(error);
    logger.fatal(stack !== null && logger.isLevelEnabled('debug') ? { stack } : {}, line);
    return 3;
  }
}

/** Until a signal comes and everything is closed. */
async function serve(service: Service, logger: Logger): Promise<void> {
  const signal = await stopSignal();
  logger.info(`${signal}: draining`);
  service.app.get(Readiness).drain();
  const late = setTimeout(
    () => {
      logger.warn(`not finished after ${drainSeconds} s: leaving the rest to the next start`);
      process.exit(0);
    },
    drainSeconds * 1000 - 500,
  );
  await service.close().finally(() => clearTimeout(late));
}

/** The key itself is for the eyes of a person only: what is no terminal is kept, as logs are, and the log names the file. */
export function announce(
  made: NewAdminKey | null,
  output: { isTTY?: boolean; write: (text: string) => unknown },
): void {
  if (made === null || !output.isTTY) return;
  output.write(`\nThe admin API key, shown only now and kept in ${made.file}:\n\n  ${made.key}\n\n`);
}

function refuse(error: unknown): number {
  if (error instanceof ConfigurationError) {
    printError(error.message);
    if (error.missing.length > 0) printError(wayOn);
    return 2;
  }
  printError(failureOf(error).line);
  return 3;
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
