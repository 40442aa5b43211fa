import { describe } from '@jest/globals';

import { serverUrls, type ServerName } from './server-urls.js';

/** A `describe` that is skipped when a server it needs is not there; with CI=true the run has then failed before. */
export function describeServers(
  name: string,
  needs: readonly ServerName[],
  suite: (urls: Readonly<Record<ServerName, string>>) => void,
): void {
  const available = needs.every((need) => serverUrls[need] !== '');
  (available ? describe : describe.skip)(name, () => suite(serverUrls));
}
