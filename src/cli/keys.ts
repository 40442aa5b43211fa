import { parseArgs } from 'node:util';
import { ApiKeysService } from '../access/api-keys.service.js';
import { SystemClock } from '../core/clock.js';
import type { Database } from '../database/database.js';
import { type ApiKey, ApiKeysStore } from '../http/api-keys.store.js';
import { CredentialMemory } from '../http/credential-memory.js';
import { AdministrationJournal } from '../journal/administration-journal.js';
import { allPlatforms, defaultPlatform, isOnePlatform, platformRule } from '../core/platform.js';
import { allPlatformsRule, mayHaveAllPlatforms, type Scope, scopes } from '../http/scopes.js';
import { isPlainText } from '../http/validation.js';
import { type Command, print, WrongUsage } from './command.js';
import { journalOf } from './journal-of.js';
import { reseal } from './reseal/reseal-command.js';
import { type OpenedSettings, withDatabase, withKeys } from './with-database.js';

const operator = { actor: { kind: 'system', id: 'command-line' }, platform: null } as const;

export const keys: Command = {
  name: 'keys',
  summary:
    'Makes, lists and revokes API keys without the API; `reseal` seals all data again with the new encryption key',
  usage: `create --name <text> --scopes <${scopes.join('|')}>[,...] [--owner <text>] [--platform <name>|*] [--expires-at <ISO 8601>] | list | revoke <key id> | reseal`,
  async run([action, ...args]) {
    switch (action) {
      case 'create':
        return create(args);
      case 'list':
        return list(args);
      case 'revoke':
        return revoke(args);
      case 'reseal':
        return reseal(args);
      default:
        throw new WrongUsage(action === undefined ? 'name the action' : `there is no action "${action}"`);
    }
  },
};

async function create(args: string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const options = { name: text, scopes: text, owner: text, platform: text, 'expires-at': text };
  const { values } = parseArgs({ args, options });
  const name = readText('--name', values.name ?? '');
  const owner = values.owner === undefined ? null : readText('--owner', values.owner);
  const wanted = readScopes(values.scopes ?? '');
  const platform = readPlatform(values.platform, wanted);
  const expiresAt = readExpiry(values['expires-at']);
  return withDatabase(async (database, settings) => {
    const asked = { name, scopes: wanted, platform, owner, createdBy: null, expiresAt };
    const made = await apiKeysOf(database, settings).create(asked, operator);
    if (made === 'expired-already') throw new WrongUsage(futureOnly);
    print(describe(made));
    print(`\nThe key, shown only once:\n\n  ${made.key}`);
    return 0;
  });
}

function readText(option: string, value: string): string {
  const text = value.trim();
  if (!isPlainText(text, 1, 100)) throw new WrongUsage(`${option} takes 1 to 100 characters`);
  return text;
}

function readPlatform(name: string | undefined, granted: readonly Scope[]): string {
  if (name === undefined) return defaultPlatform;
  if (name !== allPlatforms && !isOnePlatform(name))
    throw new WrongUsage(`--platform ${platformRule}, or be * for all platforms`);
  if (name === allPlatforms && !mayHaveAllPlatforms(granted)) throw new WrongUsage(`--platform ${allPlatformsRule}`);
  return name;
}

function readScopes(list: string): Scope[] {
  const names = [...new Set(list.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  const unknown = names.filter((name) => !scopes.some((scope) => scope === name));
  if (names.length === 0 || unknown.length > 0) {
    throw new WrongUsage(
      `--scopes takes a comma list of ${scopes.join(', ')}${unknown.length > 0 ? `, not ${unknown.join(', ')}` : ''}`,
    );
  }
  return names as Scope[];
}

const futureOnly = '--expires-at takes a time in the future';

function readExpiry(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()) || date <= new Date()) throw new WrongUsage(futureOnly);
  return date;
}

async function list(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  return withKeys([], async (database) => {
    for (const key of await new ApiKeysStore(database).list()) print(describe(key));
    return 0;
  });
}

/** These commands append events. A process of the service seals them. */
function apiKeysOf(database: Database, settings: OpenedSettings<'encryption' | 'journal'>): ApiKeysService {
  const journal = new AdministrationJournal(journalOf(database, settings).store, { afterCommit: () => undefined });
  const clock = new SystemClock();
  return new ApiKeysService(database, new ApiKeysStore(database), new CredentialMemory(clock), journal, clock);
}

function describe({ id, name, scopes: granted, platform, owner, hint, createdAt, expiresAt }: ApiKey): string {
  const held = owner === null ? 'no owner  ' : `held by ${owner}  `;
  const expiry = expiresAt ? `expires ${expiresAt.toISOString()}` : 'does not expire';
  return `${id}  …${hint}  ${granted.join(',')}  platform ${platform}  ${name}  ${held}made ${createdAt.toISOString()}, ${expiry}`;
}

async function revoke(args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args, options: {}, allowPositionals: true });
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new WrongUsage('revoke takes one key id');
  return withDatabase(async (database, settings) => {
    const revoked = await apiKeysOf(database, settings).revoke(id, operator);
    print(revoked ? `${id} is revoked.` : `There is no live key ${id}.`);
    return revoked ? 0 : 1;
  });
}
