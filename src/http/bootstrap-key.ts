/**
 * The first admin API key. FACECODE_ADMIN_KEY sets it. Without that variable, a database that never had one gets a new
 * key, which is kept in a file of the data dir. A revoked key stays revoked.
 */
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ensureGeneratedKeys, keyFile } from '../config/generated-keys.js';
import { readKeyFile } from '../config/key-file.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { ApiKeysStore } from './api-keys.store.js';

/** A new key, and the file that keeps it. */
export interface NewAdminKey {
  readonly key: string;
  readonly file: string;
}

const another = '`facecode keys create --name <text> --scopes admin` makes another';

@Injectable()
export class BootstrapKey {
  private readonly logger = new Logger(BootstrapKey.name);

  constructor(
    @Inject(ApiKeysStore) private readonly store: ApiKeysStore,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'keys' | 'dataDir'>,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @returns the key if this call made one; null otherwise */
  async ensure(): Promise<NewAdminKey | null> {
    const { admin } = this.settings.keys;
    if (admin === null) return this.ensureGenerated();
    if ((await this.store.setBootstrap(admin, this.clock.now())) === 'revoked') {
      this.logger.warn(`FACECODE_ADMIN_KEY is a revoked key and stays revoked; ${another}`);
    }
    return null;
  }

  private async ensureGenerated(): Promise<NewAdminKey | null> {
    const { dataDir } = this.settings;
    const file = keyFile(dataDir, 'admin');
    // Made only if the database accepts it: a process with another data dir may have made the key already.
    const make = () => ensureGeneratedKeys(dataDir, ['admin']).admin;
    const key = await this.store.firstBootstrap(make, this.clock.now());
    if (key !== null) {
      this.logger.log(`a new admin API key is in ${file}`);
      return { key, file };
    }
    const kept = readKeyFile(file);
    if (kept === null) {
      this.logger.log(`no admin API key was made, because this database already had one; ${another}`);
    } else if (typeof (await this.store.find(kept, this.clock.now())) === 'string') {
      this.logger.warn(
        `the admin API key in ${file} does not work: it is unknown to this database, or revoked; ${another}`,
      );
    }
    return null;
  }
}
