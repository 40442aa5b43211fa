import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';

@Injectable()
export class CheckpointMirrorStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The newest checkpoint, unless it or a newer one is mirrored. */
  async due(): Promise<{ size: number; note: string } | null> {
    const { rows } = await this.database.query<{ size: string; note: string }>(
      `select size, note from checkpoints
        where size > (select size from checkpoint_mirror) order by size desc limit 1`,
    );
    return rows[0] ? { size: Number(rows[0].size), note: rows[0].note } : null;
  }

  async mirrored(size: number): Promise<void> {
    await this.database.query('update checkpoint_mirror set size = $1 where size < $1', [size]);
  }
}
