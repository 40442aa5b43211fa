/** A documented command used to ask a package registry for "facecode", a name that anybody could claim there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureBuilt, repository } from '../support/ensure-built.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** All files from which a reader could copy a command. */
const documents = [
  'README.md',
  '.env.example',
  'docker-compose.yml',
  'Dockerfile',
  ...readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|md|html|sql)$/.test(file))
    .map((file) => join('src', file)),
].map((file) => ({ file, text: read(file) }));

const found = (pattern: RegExp): string[] =>
  documents.flatMap(({ file, text: body }) => [...body.matchAll(pattern)].map(([match]) => `${file}: ${match}`));

describe('the documentation', () => {
  it('has no command that could fetch a package with our name', () => {
    // Only the README mentions it, as a warning.
    const mentions = found(/\b(npx|npm exec|npm x)\b[^\n]*/g);
    expect(mentions).toEqual([expect.stringMatching(/^README\.md: npx facecode` *$/)]);
    expect(found(/\b(npm|pnpm|yarn|bun)\s+(i|install|add|dlx|create|init)\s[^\n`]*\bfacecode\b/g)).toEqual([]);
    expect(found(/\bfrom\s+['"]facecode[/'"]/g)).toEqual([]);
  });

  it('names only scripts that package.json has', () => {
    const named = new Set(found(/\bnpm run (?:-s |--silent )?[\w:-]+/g).map((line) => line.split(' ').at(-1)!));
    expect(named).toContain('facecode');
    expect([...named].filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('the command', () => {
  const folder = temporaryFolder('strangers');
  const asked: string[] = [];
  let registry: Server;
  beforeAll(async () => {
    await ensureBuilt();
    registry = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(404).end('{}');
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
  });
  beforeEach(() => void asked.splice(0));
  afterAll(() => {
    registry.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (command: string, cwd: string) => {
    const { port } = registry.address() as { port: number };
    const child = spawn('sh', ['-c', command], {
      cwd,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        npm_config_registry: `http://127.0.0.1:${port}/`,
        npm_config_update_notifier: 'false',
        // As some people set it, to avoid npm's question.
        npm_config_yes: 'true',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { out, err, code: code as number | null };
  };
  const help = expect.stringContaining('facecode <command> [options]');

  it.each(['npm run -s facecode -- --help', 'npx facecode --help'])(
    'works in a built clone and asks no registry: %s',
    async (command) => {
      expect(await run(command, repository)).toMatchObject({ code: 0, out: help });
      expect(asked).toEqual([]);
    },
  );

  it('passes on its exit code', async () => {
    expect(await run('npm run -s facecode -- dance', repository)).toMatchObject({ code: 2, out: '' });
  });

  it('asks no registry outside a clone, and says what is missing in a clone without its packages', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    expect((await run('npm run facecode -- --help', elsewhere)).code).not.toBe(0);
    writeFileSync(join(elsewhere, 'package.json'), read('package.json'));
    expect(await run('npm run -s facecode -- --help', elsewhere)).toEqual({
      code: 3,
      out: '',
      err: 'The dependencies are not installed: run npm ci first.\n',
    });
    expect(await run('npm run -s start', elsewhere)).toMatchObject({ code: 3, err: expect.stringContaining('npm ci') });
    expect(asked).toEqual([]);
  });
});
