/** Sessions at iDenfy that no attempt uses. Some may belong to another product on the same account. */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';
import { tokenDigest } from './attempt-secret.js';

@Injectable()
export class OrphansStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Those of the tokens that are neither an attempt's nor a known orphan's. */
  async unknown(tokens: readonly string[]): Promise<string[]> {
    const { rows } = await this.database.query<{ digest: Buffer }>(
      `select token_digest as digest from attempts where token_digest = any($1)
        union select token_digest from orphans where token_digest = any($1)`,
      [tokens.map(tokenDigest)],
    );
    const known = new Set(rows.map(({ digest }) => digest.toString('hex')));
    return tokens.filter((token) => !known.has(tokenDigest(token).toString('hex')));
  }

  /**
   * @param attemptId the attempt whose code was being requested
   * @returns how many of them nobody had kept before
   */
  async keep(tx: Transaction, tokens: readonly string[], attemptId: string): Promise<number> {
    const { count } = await tx.query(
      `insert into orphans (token_digest, attempt_id)
       select digest, $2 from unnest($1::bytea[]) as digest on conflict do nothing`,
      [tokens.map(tokenDigest), attemptId],
    );
    return count;
  }
}
