import { isShortSigningKey, isSimulatorKey } from './parse-keys.js';
import type { Settings } from './settings.js';

/** What is fine for trying and developing and not for production, one line each, without any secret. */
export function settingsWarnings(settings: Settings): string[] {
  const { database, dataDir, keys, idenfy } = settings;
  const warnings: string[] = [];
  if (database.url === null) {
    warnings.push(
      `embedded database in ${dataDir}: PGlite runs without fsync, a power cut may lose the last writes; ` +
        'not for production, set DATABASE_URL',
    );
  }
  if (keys.inDataDir.length > 0) {
    const files = keys.inDataDir.map((key) => `${key}.key`).join(', ');
    warnings.push(`development keys: ${files} in ${dataDir} stand in for variables that are not set`);
  }
  const simulated = [idenfy.apiKey, idenfy.apiSecret, ...idenfy.webhookKeys].some(isSimulatorKey);
  if (simulated) warnings.push("development keys: IDENFY_* keys beginning with sim- are the simulator's, and public");
  const short = idenfy.webhookKeys.filter(isShortSigningKey).length;
  if (short > 0) {
    warnings.push(
      `IDENFY_WEBHOOK_KEYS has keys with fewer than 32 characters (${short} of ${idenfy.webhookKeys.length}): ` +
        'make longer ones (openssl rand -hex 32)',
    );
  }
  const addresses = {
    IDENFY_BASE_URL: idenfy.baseUrl,
    IDENFY_FACE_URL: idenfy.faceUrl,
    IDENFY_IDENTIFICATION_URL: idenfy.identificationUrl,
  };
  for (const [variable, url] of Object.entries(addresses)) {
    if (url.startsWith('http:')) warnings.push(`${variable} is plain http: secrets travel unencrypted`);
  }
  return warnings;
}
