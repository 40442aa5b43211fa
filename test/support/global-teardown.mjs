import { rmSync } from 'node:fs';

export default async function tearDown() {
  // The loader that the setup registered is still in place, and so is the module that knows what was started.
  const { stopSharedServers } = await import('./shared-servers.ts');
  await stopSharedServers();
  rmSync(process.env.FACECODE_TEST_EMBEDDED_TEMPLATE, { recursive: true, force: true });
}
