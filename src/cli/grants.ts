import { parseArgs } from 'node:util';
import { grantsFor } from '../database/grants.js';
import { type Command, print, WrongUsage } from './command.js';

export const grants: Command = {
  name: 'grants',
  summary: 'Prints the SQL that lets a database role run the service and not change the journal',
  usage: '--role <name>',
  run(args) {
    const { values } = parseArgs({ args, options: { role: { type: 'string' } } });
    const role = roleOf('--role', values.role);
    print(`-- Run this as the owner of the tables, and again after each migration (facecode migrate --grant-to does it).
-- Then run the service as "${role}" with MIGRATE_ON_START=off. Only triggers restrict a role that owns the tables.`);
    print(grantsFor(role).trimEnd());
    return Promise.resolve(0);
  },
};

/** @throws WrongUsage if it cannot be the name of a role */
export function roleOf(option: string, role = ''): string {
  // oxlint-disable-next-line no-control-regex -- a name with a line break could leave its comment or its quotes
  if (role === '' || Buffer.byteLength(role) > 63 || /[\u0000-\u001f]/.test(role)) {
    throw new WrongUsage(`${option} takes the name of a PostgreSQL role`);
  }
  return role;
}
