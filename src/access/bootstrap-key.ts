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
import { Database, type Transaction } from '../database/database.js';
import { ApiKeysStore } from '../http/api-keys.store.js';
import { AdministrationJournal } from '../journal/administration-journal.js';
import { createdKey, revokedKey } from './api-key-events.js';

/** A new key, and the file that keeps it. */
export interface NewAdminKey {
  readonly key: string;
  readonly file: string;
}

const bySettings = { actor: { kind: 'system', id: 'bootstrap' }, platform: null } as const;

const another = '`facecode keys create --name <text> --scopes admin --platform "*"` makes another';

@Injectable()
export class BootstrapKey {
  private readonly logger = new Logger(BootstrapKey.name);

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ApiKeysStore) private readonly store: ApiKeysStore,
    @Inject(AdministrationJournal) private readonly journal: AdministrationJournal,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'keys' | 'dataDir'>,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @returns the key if this call made one; null otherwise */
  async ensure(): Promise<NewAdminKey | null> {
    const { admin } = this.settings.keys;
    if (admin === null) return this.ensureGenerated();
    if ((await this.set(admin)) === 'revoked') {
      this.logger.warn(`FACECODE_ADMIN_KEY is a revoked key and stays revoked; ${another}`);
    }
    return null;
  }

  private async ensureGenerated(): Promise<NewAdminKey | null> {
    const { dataDir } = this.settings;
    const file = keyFile(dataDir, 'admin');
    // Made only if the database accepts it: a process with another data dir may have made the key already.
    const make = () => ensureGeneratedKeys(dataDir, ['admin']).admin;
    const key = await this.makeFirst(make);
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

  /**
   * Makes the configured admin key the bootstrap key. An earlier bootstrap key stops working.
   * @returns 'revoked': the key was revoked before, so nothing has changed
   */
  private set(key: string): Promise<'set' | 'revoked'> {
    return this.database.transaction(async (tx) => {
      await this.store.takeBootstrapTurn(tx);
      const known = await this.store.bootstrapState(tx, key);
      if (known === 'revoked') return 'revoked';
      if (known === 'bootstrap') return 'set';
      const now = this.clock.now();
      for (const replaced of await this.store.revokeBootstraps(tx, now)) {
        await this.journal.record(tx, 'api-key.revoked', revokedKey(replaced), bySettings, now);
      }
      await this.insert(tx, key, now);
      return 'set';
    });
  }

  /**
   * Gives a database its first bootstrap key, unless it already had one at any time.
   * @param make called only if the database never had one @returns the key, or null
   */
  private makeFirst(make: () => string): Promise<string | null> {
    return this.database.transaction(async (tx) => {
      await this.store.takeBootstrapTurn(tx);
      if (await this.store.hadBootstrap(tx)) return null;
      const key = make();
      await this.insert(tx, key, this.clock.now());
      return key;
    });
  }

  private async insert(tx: Transaction, key: string, now: Date): Promise<void> {
    const made = await this.store.insertBootstrap(tx, key, now);
    await this.journal.record(tx, 'api-key.created', createdKey(made), bySettings, now);
  }
}
