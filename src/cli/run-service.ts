/** Runs the service as a process: settings from the environment, signals, exit code. */
import { startService } from '../app.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { readEnvironment } from '../config/environment.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import { createLogger } from '../http/logging.js';
import { Readiness } from '../http/readiness.js';

/** Seconds after SIGTERM within which everything is finished, or is left to the next start. */
const drainSeconds = 10;

/** @returns the exit code: 0 after a signal, 1 when the service could not start, 2 when the settings are wrong */
export async function runService(): Promise<number> {
  let settings: Settings;
  try {
    settings = readSettings(readEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (settings.keys.adminGenerated) {
    process.stderr.write(
      `The admin API key, shown only now and kept in ${settings.dataDir}/admin.key:\n\n  ${settings.keys.admin}\n\n`,
    );
  }
  const logger = createLogger(settings);
  try {
    const service = await startService(settings, logger);
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
    late.unref();
    await service.close();
    clearTimeout(late);
    return 0;
  } catch (error) {
    logger.fatal(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
