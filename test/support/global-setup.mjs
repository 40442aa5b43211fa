import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTypeScript } from './typescript-loader.mjs';

loadTypeScript();

export default async function setUp() {
  // Made by the first suite that needs it: see embedded-template.ts.
  process.env.FACECODE_TEST_EMBEDDED_TEMPLATE = join(tmpdir(), `facecode-template-${process.pid}`);
  const { startSharedServers } = await import('./shared-servers.ts');
  await startSharedServers();
}
