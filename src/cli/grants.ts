import { parseArgs } from 'node:util';
import { grantsFor } from '../database/grants.js';
import { type Command, print, WrongUsage } from './command.js';

export const grants: Command = {
  name: 'grants',
  summary: 'Prints the SQL that lets a database role run the service and not change the journal',
  usage: '--role <name>',
  run(args) {
    const { values } = parseArgs({ args, options: { role: { type: 'string' } } });
    const role = values.role ?? '';
    // oxlint-disable-next-line no-control-regex -- a name with a line break could leave its comment or its quotes
    if (role === '' || Buffer.byteLength(role) > 63 || /[\u0000-\u001f]/.test(role)) {
      throw new WrongUsage('--role takes the name of a role of PostgreSQL');
    }
    print(`-- For the owner of the tables, again after each migration (facecode migrate), then run the service as
-- "${role}" with MIGRATE_ON_START=off. A role that owns the tables is bound by their triggers only.`);
    print(grantsFor(role).trimEnd());
    return Promise.resolve(0);
  },
};
