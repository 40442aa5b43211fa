import { parseArgs } from 'node:util';
import { readEnvironment } from '../config/environment.js';
import { readSettingsOf } from '../config/read-settings.js';
import { grantsFor } from '../database/grants.js';
import { migrate, pendingMigrations } from '../database/migrate.js';
import { reachDatabase } from '../database/open.js';
import { migrateQueueBackend } from '../queue/backend.js';
import { type Command, print, WrongUsage } from './command.js';
import { roleOf } from './grants.js';
import { terminalPatience } from './with-database.js';

export const migrateCommand: Command = {
  name: 'migrate',
  summary:
    'Brings the database up to date; --dry-run only names what is pending (exit code 1 if anything is); --grant-to also gives a role the rights that `grants` prints',
  usage: '[--dry-run | --grant-to <role>]',
  async run(args) {
    const { values } = parseArgs({
      args,
      options: { 'dry-run': { type: 'boolean', default: false }, 'grant-to': { type: 'string' } },
    });
    const role = values['grant-to'] === undefined ? null : roleOf('--grant-to', values['grant-to']);
    if (role !== null && values['dry-run']) throw new WrongUsage('--dry-run grants nothing');
    const settings = readSettingsOf(readEnvironment(), ['database', 'redis', 'dataDir'], []);
    if (role !== null && settings.database.url === null) throw new WrongUsage('--grant-to needs DATABASE_URL');
    const database = await reachDatabase(settings, terminalPatience);
    try {
      if (values['dry-run']) {
        const pending = await pendingMigrations(database);
        print(pending.length === 0 ? 'The database is up to date.' : `Pending: ${pending.join(', ')}`);
        return pending.length === 0 ? 0 : 1;
      }
      const applied = await migrate(database);
      await migrateQueueBackend(settings, database);
      if (role !== null) await database.query(grantsFor(role));
      print(applied.length === 0 ? 'The database was up to date.' : `Applied: ${applied.join(', ')}`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
