import { parseArgs } from 'node:util';
import { readEnvironment } from '../config/environment.js';
import { readSettingsOf } from '../config/read-settings.js';
import { migrate, pendingMigrations } from '../database/migrate.js';
import { reachDatabase } from '../database/open.js';
import { migrateQueueBackend } from '../queue/backend.js';
import { type Command, print } from './command.js';
import { terminalPatience } from './with-database.js';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Brings the database up to date; with --dry-run names what is pending (exit code 1 when something is)',
  usage: '[--dry-run]',
  async run(args) {
    const { values } = parseArgs({ args, options: { 'dry-run': { type: 'boolean', default: false } } });
    const settings = readSettingsOf(readEnvironment(), ['database', 'redis', 'dataDir'], []);
    const database = await reachDatabase(settings, terminalPatience);
    try {
      if (values['dry-run']) {
        const pending = await pendingMigrations(database);
        print(pending.length === 0 ? 'The database is up to date.' : `Pending: ${pending.join(', ')}`);
        return pending.length === 0 ? 0 : 1;
      }
      const applied = await migrate(database);
      await migrateQueueBackend(settings, database);
      print(applied.length === 0 ? 'The database was up to date.' : `Applied: ${applied.join(', ')}`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
