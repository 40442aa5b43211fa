/**
 * Checkpoints that this process knows from outside the database. The owner of the database can change everything in it, but
 * not these. They are in the memory of the process, in a file in FACECODE_DATA_DIR and in the folder of CHECKPOINT_MIRROR.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { makeFolder } from '../../core/make-folder.js';
import type { Settings } from '../../config/settings.js';
import { SETTINGS } from '../../config/settings.token.js';
import { JOURNAL_KEY } from './journal-key.js';
import { type Checkpoint, type NoteVerifier, openOwnCheckpoint } from './signed-note.js';

/** In FACECODE_DATA_DIR. */
const checkpointFile = 'journal.checkpoint';

export interface OutsideCheckpoint extends Checkpoint {
  note: string;
  /** the place, in words for an operator */
  where: string;
}

@Injectable()
export class OutsideCheckpoints {
  private readonly logger = new Logger(OutsideCheckpoints.name);
  private readonly file: string;
  private readonly mirrored: string | null;
  private readonly embedded: boolean;
  private remembered: OutsideCheckpoint | null = null;
  private found = false;
  private unwritten: string | null = null;
  private writing: Promise<void> | null = null;
  private readonly warned = new Set<string>();

  constructor(
    @Inject(SETTINGS)
    { database, dataDir, checkpointMirror }: Pick<Settings, 'database' | 'dataDir' | 'checkpointMirror'>,
    @Inject(JOURNAL_KEY) readonly key: NoteVerifier,
  ) {
    this.file = join(dataDir, checkpointFile);
    this.embedded = database.url === null;
    this.mirrored = checkpointMirror && 'folder' in checkpointMirror ? join(checkpointMirror.folder, 'latest') : null;
  }

  /** The newest that was remembered or read. */
  get newest(): OutsideCheckpoint | null {
    return this.remembered;
  }

  /** Whether an earlier process has left a checkpoint in FACECODE_DATA_DIR. */
  get hasFile(): boolean {
    return this.found;
  }

  /** Reads the files that earlier processes have written. */
  async load(): Promise<void> {
    const [file, mirrored] = await this.kept();
    for (const found of [file, mirrored]) {
      if (found && isNewer(found, this.remembered)) this.remembered = found;
    }
    this.found = file !== null;
  }

  /**
   * The embedded database runs without fsync: after a power cut it may be behind the file beside it. Then the file is
   * removed, and this process knows only the mirror. Whoever can change that database can change that file, too.
   *
   * @returns false if the newest checkpoint is not from the file, or if the database is a server
   */
  async forgetFileOfEmbedded(): Promise<boolean> {
    if (!this.embedded || this.remembered?.where !== this.file) return false;
    await rm(this.file, { force: true });
    this.found = false;
    const [, mirrored] = await this.kept();
    this.remembered = mirrored ?? null;
    return true;
  }

  /** All of them, newest last. An older one proves less, but it may come from another place. */
  async all(): Promise<OutsideCheckpoint[]> {
    const known = [...(await this.kept()), this.remembered].filter((one) => one !== null);
    return known.sort((a, b) => (a.accepted ?? 0) - (b.accepted ?? 0) || a.size - b.size);
  }

  /** Remembers a checkpoint that this process has signed or checked. The file is written later. */
  remember(note: string): void {
    if (note === this.remembered?.note) return;
    const checkpoint = this.open(note, 'the memory of this process');
    if (!checkpoint) return;
    this.remembered = checkpoint;
    this.unwritten = note;
    this.writing ??= this.write().finally(() => (this.writing = null));
  }

  /** Resolves when the newest checkpoint is in the file, or writing has failed. */
  async written(): Promise<void> {
    await this.writing;
  }

  private kept(): Promise<(OutsideCheckpoint | null)[]> {
    return Promise.all([this.file, this.mirrored].map((file) => (file === null ? null : this.read(file))));
  }

  private async read(file: string): Promise<OutsideCheckpoint | null> {
    try {
      const found = this.open(await readFile(file, 'utf8'), file);
      if (!found) this.warnOnce(file, `${file} is ignored: it is no checkpoint signed with this journal's key`);
      return found;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.warnOnce(
          file,
          `${file} cannot be read (${(error as Error).message}): the journal is not compared with it`,
        );
      }
      return null;
    }
  }

  private open(note: string, where: string): OutsideCheckpoint | null {
    const checkpoint = openOwnCheckpoint(note, this.key);
    return checkpoint && { ...checkpoint, note, where };
  }

  /** One write at a time. Of the checkpoints that come meanwhile, only the newest is written. */
  private async write(): Promise<void> {
    while (this.unwritten !== null) {
      const note = this.unwritten;
      this.unwritten = null;
      await this.replaceFile(note);
    }
  }

  private async replaceFile(note: string): Promise<void> {
    const unfinished = `${this.file}.${randomUUID()}`;
    try {
      makeFolder(join(this.file, '..'), 0o700);
      await writeFile(unfinished, note, { mode: 0o600, flush: true });
      await rename(unfinished, this.file);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      this.warnOnce(
        'write',
        `${this.file} cannot be written (${(error as Error).message}): after a restart, this process knows no checkpoint ` +
          'from this file',
      );
    }
  }

  private warnOnce(about: string, line: string): void {
    if (!this.warned.has(about)) this.logger.warn(line);
    this.warned.add(about);
  }
}

function isNewer(one: Checkpoint, other: Checkpoint | null): boolean {
  if (other === null) return true;
  const acceptances = (one.accepted ?? 0) - (other.accepted ?? 0);
  return acceptances === 0 ? one.size > other.size : acceptances > 0;
}
