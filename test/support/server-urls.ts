export type ServerName = 'postgres' | 'redis';

/** Read, not started, here: the global setup puts the addresses of what it found or was given into the environment. */
export const serverUrls: Readonly<Record<ServerName, string>> = {
  postgres: process.env.FACECODE_TEST_POSTGRES_URL ?? '',
  redis: process.env.FACECODE_TEST_REDIS_URL ?? '',
};
