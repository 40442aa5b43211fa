/**
 * The tree's tiles and the signed checkpoints. Both only grow. The database refuses every other change, except while an
 * operator accepts a journal whose tree was damaged.
 */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Queryable, type Transaction } from '../../database/database.js';
import type { Tile, TileReader } from './tiles.js';

export interface SealedCheckpoint {
  size: number;
  root: Buffer;
  /** signed note */
  note: string;
}

export interface CheckpointRow {
  size: string;
  root: Buffer;
  note: string;
}

@Injectable()
export class TreeStore {
  constructor(@Inject(Database) private readonly database: Queryable) {}

  /** Each tile is read once. */
  tiles(from: Queryable = this.database): TileReader {
    const read = new Map<string, Promise<Buffer | null>>();
    return (level, index) => {
      const name = `${level}/${index}`;
      const found = read.get(name) ?? this.tile(from, level, index);
      read.set(name, found);
      return found;
    };
  }

  private async tile(from: Queryable, level: number, index: number): Promise<Buffer | null> {
    const { rows } = await from.query<{ hashes: Buffer }>(
      'select hashes from journal_nodes where level = $1 and tile = $2',
      [level, index],
    );
    return rows[0]?.hashes ?? null;
  }

  /** The hashes of neighbouring tiles by index; those that are missing are absent. */
  async tileRange(from: Queryable, level: number, first: number, count: number): Promise<Map<number, Buffer>> {
    const { rows } = await from.query<{ tile: string; hashes: Buffer }>(
      'select tile, hashes from journal_nodes where level = $1 and tile >= $2 and tile < $3',
      [level, first, first + count],
    );
    return new Map(rows.map(({ tile, hashes }) => [Number(tile), hashes]));
  }

  async save(tx: Transaction, tiles: readonly Tile[]): Promise<void> {
    if (tiles.length === 0) return;
    await tx.query(
      `insert into journal_nodes (level, tile, hashes)
       select * from unnest($1::integer[], $2::bigint[], $3::bytea[])
       on conflict (level, tile) do update set hashes = excluded.hashes`,
      [tiles.map(({ level }) => level), tiles.map(({ index }) => index), tiles.map(({ hashes }) => hashes)],
    );
  }

  async addCheckpoint(tx: Transaction, { size, root, note }: SealedCheckpoint, at: Date): Promise<void> {
    await tx.query('insert into checkpoints (size, root, note, sealed_at) values ($1, $2, $3, $4)', [
      size,
      root,
      note,
      at,
    ]);
  }

  /** From now on the transaction may replace tiles and checkpoints, if it runs as the owner of the tables. */
  async beginReplacing(tx: Transaction): Promise<void> {
    await tx.query(`select set_config('facecode.accepting', 'on', true)`);
  }

  /** Removes the tiles of a level from the one with that index on. */
  async removeTiles(tx: Transaction, level: number, from: number): Promise<void> {
    await tx.query('delete from journal_nodes where level = $1 and tile >= $2', [level, from]);
  }

  /** Removes all tiles of that level and of those above it. */
  async removeLevels(tx: Transaction, from: number): Promise<void> {
    await tx.query('delete from journal_nodes where level >= $1', [from]);
  }

  async removeCheckpoints(tx: Transaction, sizes: readonly number[]): Promise<void> {
    await tx.query('delete from checkpoints where size = any($1::bigint[])', [sizes]);
  }

  /** @param below only smaller ones */
  async latest(from: Queryable = this.database, below?: number): Promise<SealedCheckpoint | null> {
    const { rows } = await from.query<CheckpointRow>(
      'select size, root, note from checkpoints where $1::bigint is null or size < $1 order by size desc limit 1',
      [below ?? null],
    );
    return rows[0] ? toCheckpoint(rows[0]) : null;
  }

  /** In order of size, from above `after` up to `most`. */
  async checkpoints(
    after: number,
    most: number,
    limit: number,
    from: Queryable = this.database,
  ): Promise<SealedCheckpoint[]> {
    const { rows } = await from.query<CheckpointRow>(
      'select size, root, note from checkpoints where size > $1 and size <= $2 order by size limit $3',
      [after, most, limit],
    );
    return rows.map(toCheckpoint);
  }
}

export const toCheckpoint = ({ size, root, note }: CheckpointRow): SealedCheckpoint => ({
  size: Number(size),
  root,
  note,
});
