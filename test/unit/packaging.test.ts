import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { knownVariables } from '../../src/config/known-variables.js';
import { readSettings } from '../../src/config/read-settings.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Read by Compose itself and by the images of PostgreSQL and Redis, not by the service. */
const composeVariables = ['POSTGRES_PASSWORD', 'POSTGRES_SERVICE_PASSWORD', 'REDIS_PASSWORD'];

describe('.env.example', () => {
  const text = read('.env.example');
  const names = [...text.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name!);

  it('names every variable once, and none that nobody reads', () => {
    expect(names.toSorted()).toEqual([...knownVariables, ...composeVariables].toSorted());
  });

  it('can be used as it is', () => {
    const { idenfy } = readSettings({ ...parseEnv(text), FACECODE_DATA_DIR: '/dev/null/unused', ...someKeys });
    expect(idenfy).toMatchObject({ baseUrl: 'http://127.0.0.1:4010', apiKey: 'sim-key' });
  });

  it('shows the defaults: uncommenting them changes nothing', () => {
    const given = { ...parseEnv(text), ...someKeys };
    const commented = parseEnv(text.replaceAll(/^# (?=[A-Z][A-Z_]+=)/gm, ''));
    // A paragraph of comments that says "(example)", and the variable under it.
    const examples = [...text.matchAll(/^# .*\(example\)[^]*?^# ([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
    expect(examples).toContain('DATABASE_URL');
    const defaults = Object.fromEntries(
      Object.entries(commented).filter(([name, value]) => value !== '' && !examples.includes(name)),
    );
    const custom = { LIMITS_PROFILE: 'custom' };
    expect(readSettings({ ...given, ...defaults, ...custom })).toEqual(readSettings({ ...given, ...custom }));
    expect(defaults.LIMITS_PROFILE).toBe('psd2');
    const { LIMITS_PROFILE = '' } = defaults;
    expect(readSettings({ ...given, LIMITS_PROFILE }).limits).toEqual(readSettings(given).limits);
  });
});

describe('package.json', () => {
  const {
    scripts,
    bin,
    type,
    dependencies,
    devDependencies,
    engines,
    private: isPrivate,
  } = JSON.parse(read('package.json'));

  it('is a private ES module package for the oldest Node that is tested', () => {
    expect({ type, isPrivate, engines }).toEqual({ type: 'module', isPrivate: true, engines: { node: '>=20.19' } });
  });

  it('pins every dependency to one version', () => {
    for (const version of Object.values({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    }
  });

  it('runs nothing at install', () => {
    const atInstall = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(Object.keys(scripts).filter((name) => atInstall.includes(name))).toEqual([]);
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  });

  it('builds the offline verifier whenever it builds the service', () => {
    expect(scripts.build).toContain('npm run --silent build:verifier');
    expect(scripts['build:quiet']).toContain('npm run --silent build 2>&1');
    expect(scripts.start).toContain('build:quiet');
    expect(read('Dockerfile')).toMatch(/^RUN npm run build$/m);
  });

  it('has the commands that the documentation promises', () => {
    expect(Object.keys(scripts)).toEqual(
      expect.arrayContaining(['build', 'start', 'demo', 'simulator', 'test', 'check']),
    );
    // Nothing may depend on pre- and post-scripts, because .npmrc turns them off.
    expect(Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))).toEqual([]);
    for (const name of ['start', 'demo', 'simulator', 'facecode']) expect(scripts[name]).toContain('build:quiet');
    expect(bin).toEqual({ facecode: 'dist/cli/main.js' });
    expect(read('src/cli/main.ts')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('package-lock.json', () => {
  it('names no host to fetch from: that is the choice of whoever installs', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  interface ComposeService {
    ports?: string[];
    image?: string;
    healthcheck?: { test?: string[] };
    depends_on?: Record<string, { condition: string }>;
    profiles?: string[];
    command?: string[];
    restart?: string;
    env_file?: string;
    environment?: Record<string, string | number>;
  }
  const text = read('docker-compose.yml');
  const { services, volumes } = parse(text) as {
    services: Record<'facecode' | 'role' | 'migrate' | 'postgres' | 'redis' | 'simulator', ComposeService>;
    volumes: Record<string, null>;
  };

  it('publishes on loopback only', () => {
    const published = Object.values(services).flatMap(({ ports }) => ports ?? []);
    expect(published.length).toBeGreaterThan(0);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('starts the service when the database is migrated and Redis is healthy', () => {
    expect(services.facecode.depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully' },
      redis: { condition: 'service_healthy' },
    });
    expect(services.migrate.depends_on).toEqual({ role: { condition: 'service_completed_successfully' } });
    expect(services.role.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    for (const job of ['role', 'migrate'] as const) expect(services[job].restart).toBe('no');
    for (const name of ['postgres', 'redis'] as const) expect(services[name].healthcheck?.test).toContain('CMD');
    expect(Object.keys(volumes)).toEqual(['data', 'postgres', 'redis']);
  });

  it('runs the service as a role that may not migrate, and hides the password of the owner from it', () => {
    const { environment, env_file } = services.facecode;
    expect(env_file).toBe('.env');
    expect(environment).toMatchObject({ MIGRATE_ON_START: 'off', POSTGRES_PASSWORD: '' });
    const role = new URL(String(environment!.DATABASE_URL).replaceAll(/\$\{\w+.*?\}/g, 'password')).username;
    expect(role).not.toBe(services.postgres.environment!.POSTGRES_USER);
    expect(services.migrate.command).toEqual(['facecode', 'migrate', '--grant-to', role]);
    expect(JSON.stringify(environment)).not.toContain('${POSTGRES_PASSWORD');
    expect(services.migrate.env_file).toBeUndefined();
  });

  it('gives Redis a password, which the service and the health check know', () => {
    const password = '${REDIS_PASSWORD:?set it in .env}';
    expect(services.redis.command).toEqual(expect.arrayContaining(['--requirepass', password]));
    expect(services.redis.environment).toEqual({ REDISCLI_AUTH: password });
    expect(services.facecode.environment!.REDIS_URL).toBe(`redis://:${password}@redis:6379`);
  });

  it('pins every image to a minor version', () => {
    const images = Object.values(services).map(({ image }) => image!);
    const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!);
    expect(bases.length).toBeGreaterThan(2);
    for (const image of [...images.filter((name) => name !== 'facecode'), ...bases]) {
      expect(image).toMatch(/^[a-z]+:\d+\.\d+(-slim)?$/);
    }
  });

  it('runs the simulator only when asked', () => {
    expect(services.simulator.profiles).toEqual(['simulator']);
  });

  it('sets and requires only variables that .env.example explains', () => {
    const explained: string[] = [...knownVariables, ...composeVariables];
    expect(explained).toEqual(expect.arrayContaining(Object.keys(services.facecode.environment ?? {})));
    const required = [...text.matchAll(/\$\{(\w+)(.*?)\}/g)];
    for (const [, name, rest] of required) {
      expect(explained).toContain(name);
      expect(rest).toBe(':?set it in .env');
    }
  });
});

describe('the Dockerfile', () => {
  const [final = ''] = read('Dockerfile')
    .split(/^FROM /m)
    .slice(-1);

  it('runs the built service, not as root, and stops it by the signal it drains at', () => {
    expect(final).toMatch(/^USER node$/m);
    expect(final).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(final).toMatch(/^CMD \["node", "dist\/main\.js"\]$/m);
    expect(final).toMatch(/^HEALTHCHECK .*\\\n.*\/healthz/m);
  });

  it('has the facecode command on its path', () => {
    expect(final).toMatch(
      /^RUN chmod 755 dist\/cli\/main\.js && ln -s \/app\/dist\/cli\/main\.js \/usr\/local\/bin\/facecode$/m,
    );
  });

  it('leaves development dependencies and sources out', () => {
    expect(read('Dockerfile')).toContain('npm ci --omit=dev');
    expect(final).not.toMatch(/^COPY (--from=\S+ )?(\.|\S*src)/m);
  });
});

/** So that no key is made in a data folder. */
const someKeys = {
  FACECODE_ADMIN_KEY: 'fc_0123456789abcdef0123456789abcdef',
  FACECODE_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
  FACECODE_JOURNAL_KEY: `MC4CAQAwBQYDK2VwBCIEI${'A'.repeat(42)}E=`,
};
