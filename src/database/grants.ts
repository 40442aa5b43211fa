/**
 * SQL that gives a role the rights to run the service, and no others. The owner of the tables runs it. The role cannot
 * change recorded events. Erasure destroys the keys in `subject_keys` that seal their personal data. A function empties
 * the personal data of events that are older than those keys, and nothing else. Pure.
 */
import { queueSchema } from './embedded.js';

/** Tables where less than reading and writing will do. */
const lessOn = {
  // a position and a MAC are given once, and an event stays set aside: triggers refuse the rest
  events: 'select, insert, update (position, mac, set_aside)',
  // a partial tile grows: a trigger refuses anything else
  journal_nodes: 'select, insert, update',
  checkpoints: 'select, insert',
  // its one row is never deleted
  journal_state: 'select, insert, update',
  // one row that counts calls
  call_budget: 'select, insert, update',
  // one row for each key: a rotation changes it, nothing deletes it
  key_canaries: 'select, insert, update',
  facecode_migrations: 'select',
} as const;

/** They run with the rights of the tables' owner, and nobody else may run them. */
export const functions = ['erase_personal_data_without_key(text[])'] as const;

/** @param role as the catalogue has its name @param schema of the service's tables */
export function grantsFor(role: string, schema = 'public'): string {
  const [to, ours, queues] = [identifier(role), identifier(schema), identifier(queueSchema)];
  return [
    `grant usage on schema ${ours} to ${to};`,
    `grant select, insert, update, delete on all tables in schema ${ours} to ${to};`,
    `grant usage, select on all sequences in schema ${ours} to ${to};`,
    ...Object.entries(lessOn).flatMap(([table, privileges]) => [
      `revoke all on ${ours}.${identifier(table)} from ${to};`,
      `grant ${privileges} on ${ours}.${identifier(table)} to ${to};`,
    ]),
    ...functions.map((name) => `grant execute on function ${ours}.${name} to ${to};`),
    '-- BullMQ, where it runs on this database instead of Redis; it makes a sequence for each queue as it runs',
    'do $$ begin',
    `  if to_regnamespace('${queueSchema}') is not null then`,
    `    grant usage, create on schema ${queues} to ${to};`,
    `    grant select, insert, update, delete on all tables in schema ${queues} to ${to};`,
    `    grant usage, select, update on all sequences in schema ${queues} to ${to};`,
    `    grant execute on all functions in schema ${queues} to ${to};`,
    '  end if;',
    'end $$;',
    '',
  ].join('\n');
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
