import { jest } from '@jest/globals';
import type { Database } from '../../src/database/database.js';

/** @returns what says, once, how many statements have read the API keys since the call */
export function countingKeyLookUps({ pool }: Database): () => number {
  const queries = jest.spyOn(pool, 'query');
  return () => {
    const statements = queries.mock.calls.map(([statement]) => JSON.stringify(statement));
    queries.mockRestore();
    return statements.filter((statement) => statement.includes('api_keys')).length;
  };
}
