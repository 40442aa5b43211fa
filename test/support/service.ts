/** The service inside the test's own process. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Service, startService } from '../../src/app.js';
import { readSettings } from '../../src/config/read-settings.js';
import { createLogger } from '../../src/http/logging.js';
import { prepareEmbedded } from './embedded-template.js';
import { temporaryFolder } from './temporary-folder.js';
import { testAdminKey, testEnvironment } from './test-environment.js';

export interface TestService {
  readonly url: string;
  readonly adminKey: string;
  readonly service: Service;
  /** Stops it; its data folder goes with it, unless FACECODE_DATA_DIR was given. */
  close(): Promise<void>;
}

/** @param overrides variables over those of `testEnvironment`, for example IDENFY_BASE_URL or DATABASE_URL */
export async function startTestService(overrides: Readonly<Record<string, string>> = {}): Promise<TestService> {
  const folder = temporaryFolder('service');
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  try {
    const settings = readSettings(testEnvironment(join(folder, 'data'), overrides));
    if (!settings.database.url) await prepareEmbedded(settings.dataDir);
    const service = await startService(settings, createLogger(settings));
    const close = () => service.close().finally(removeFolder);
    return { url: service.url, adminKey: overrides.FACECODE_ADMIN_KEY ?? testAdminKey, service, close };
  } catch (error) {
    removeFolder();
    throw error;
  }
}
