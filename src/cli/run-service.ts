/** Runs the service as a process: settings from the environment, signals, exit code. */
import type { Logger } from 'pino';
import { type Service, startService } from '../app.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { readEnvironment } from '../config/environment.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import { createLogger } from '../http/logging.js';
import type { NewAdminKey } from '../access/bootstrap-key.js';
import { Readiness } from '../http/readiness.js';
import { printError } from './command.js';
import { failureOf } from './failure.js';

/** Time after SIGTERM to finish the current work. The next start does the rest. */
const drainSeconds = 10;

/** What to do next, for people who start the service for the first time, without settings. */
const wayOn = `
To try Facecode without an iDenfy account:    npm run demo
To run it against the simulator of iDenfy:    cp .env.example .env, then npm run simulator and, in a second terminal, npm start
To run it against iDenfy:                     cp .env.example .env, and in .env:
  IDENFY_API_KEY, IDENFY_API_SECRET    set the API key pair from iDenfy's dashboard
  IDENFY_WEBHOOK_KEYS                  set the signing key of the notification FACIAL_AUTHENTICATION in that dashboard
  IDENFY_BASE_URL, IDENFY_FACE_URL     remove these lines: the defaults are iDenfy's own addresses
README.md lists every setting.`;

/** @returns the exit code: 0 after a signal, 2 if the settings are wrong, 3 if the service could not start or stop */
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

/** Resolves when a signal has come and everything is closed. */
async function serve(service: Service, logger: Logger): Promise<void> {
  const signal = await stopSignal();
  logger.info(`${signal}: draining`);
  service.app.get(Readiness).drain();
  const late = setTimeout(
    () => {
      logger.warn(`work is left after ${drainSeconds} s: the next start does it`);
      process.exit(0);
    },
    drainSeconds * 1000 - 500,
  );
  await service.close().finally(() => clearTimeout(late));
}

/**
 * Shows the key on a terminal only. Other outputs may be kept, as logs are; the log names the file of the key instead.
 */
export function announce(
  made: NewAdminKey | null,
  output: { isTTY?: boolean; write: (text: string) => unknown },
): void {
  if (made === null || !output.isTTY) return;
  output.write(`\nThe admin API key, shown only once and kept in ${made.file}:\n\n  ${made.key}\n\n`);
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
