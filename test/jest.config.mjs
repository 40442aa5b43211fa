import { readFileSync } from 'node:fs';

// The build and the tests must give the same meaning to decorators, so both read the one file.
const swc = JSON.parse(readFileSync(new URL('../.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;

const requiredEsModules = ['content-disposition'];

/** @type {import('jest').Config} */
export default {
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  watchman: false,
  transform: {
    '^.+\\.ts$': ['@swc/jest', { ...swc, sourceMaps: 'inline' }],
    '/node_modules/.+\\.js$': ['@swc/jest', { jsc: { target: 'es2023' } }],
  },
  // CommonJS that requires these ES modules is fine in Node, and in Jest only from Node 24.9 on: here they are rewritten.
  transformIgnorePatterns: [`/node_modules/(?!(${requiredEsModules.join('|')})/)`],
  extensionsToTreatAsEsm: ['.ts'],
  // NodeNext names the file that will be built. Dependencies have that file, so it is looked for first.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'] },
  testEnvironment: '<rootDir>/test/support/leak-noticing-environment.mjs',
  setupFilesAfterEnv: ['<rootDir>/test/support/once-more.mjs'],
  // For a machine that is many times slower than usual. Waiting for a condition ends earlier (wait-for.ts).
  testTimeout: 300_000,
  // Suites spend half of their time waiting, so this is one worker more than a small machine has processors.
  maxWorkers: 3,
  // Modules of ended suites stay in memory. A worker above this size is replaced.
  workerIdleMemoryLimit: '1200MB',
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};
