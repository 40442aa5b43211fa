/** The tree's tiles and the signed checkpoints. Both only grow; the database refuses everything else. */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Queryable, type Transaction } from '../../database/database.js';
import type { Tile, TileReader } from './tiles.js';

export interface SealedCheckpoint {
  size: number;
  root: Buffer;
  /** signed note */
  note: string;
}

interface CheckpointRow {
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

  async save(tx: Transaction, tiles: readonly Tile[]): Promise<void> {
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

  async latest(from: Queryable = this.database): Promise<SealedCheckpoint | null> {
    const { rows } = await from.query<CheckpointRow>(
      'select size, root, note from checkpoints order by size desc limit 1',
    );
    return rows[0] ? toCheckpoint(rows[0]) : null;
  }

  /** In order of size, from above `after` up to `most`. */
  async checkpoints(after: number, most: number, limit: number): Promise<SealedCheckpoint[]> {
    const { rows } = await this.database.query<CheckpointRow>(
      'select size, root, note from checkpoints where size > $1 and size <= $2 order by size limit $3',
      [after, most, limit],
    );
    return rows.map(toCheckpoint);
  }
}

const toCheckpoint = ({ size, root, note }: CheckpointRow): SealedCheckpoint => ({ size: Number(size), root, note });
