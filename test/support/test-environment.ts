/** The variables of a service under test: known keys, an own data folder, nobody at the provider's end. */
import type { Environment } from '../../src/config/environment.js';

export const testAdminKey = 'fc_admin-key-of-the-tests-0123456789abcdef';

/** The algorithm's fixed DER head (RFC 8410), then the 32 bytes of the key. */
const ed25519Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Fixed, not random, so that several services in one test can share a database. */
export function testEnvironment(dataDir: string, overrides: Readonly<Record<string, string>> = {}): Environment {
  return {
    PORT: '0',
    FACECODE_DATA_DIR: dataDir,
    FACECODE_ADMIN_KEY: testAdminKey,
    FACECODE_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    FACECODE_JOURNAL_KEY: Buffer.concat([ed25519Head, Buffer.alloc(32, 9)]).toString('base64'),
    // The discard port: a test that needs an answer names its own provider.
    IDENFY_BASE_URL: 'http://127.0.0.1:9',
    IDENFY_API_KEY: 'test-api-key',
    IDENFY_API_SECRET: 'test-api-secret',
    IDENFY_WEBHOOK_KEYS: 'test-webhook-key',
    // Tests poll as fast as they can; those of the limit set their own.
    RATE_LIMIT_PER_KEY_PER_MINUTE: '0',
    // The simulator's people type in no time; those of the rule set their own.
    SIGNAL_TOO_FAST_SECONDS: '0',
    LOG_LEVEL: 'silent',
    ...overrides,
  };
}
