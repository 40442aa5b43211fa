/** Holds the database against checkpoints that were kept where it could not reach them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOfMirrorFile } from '../journal/mirror/mirror-file.js';
import { openTrusted, type TrustedKey } from '../journal/export/trusted-key.js';
import { acceptancesOf } from '../journal/tree/signed-note.js';
import { print, WrongUsage } from './command.js';
import { type Journal, journalOf } from './journal-of.js';
import { withKeys } from './with-database.js';

/** @returns exit code */
export async function verifyMirror(folder: string, key: TrustedKey | null): Promise<number> {
  // Before the database is opened for nothing.
  await sizesIn(folder);
  return withKeys(['encryption', 'journal'], async (database, settings) => {
    const { same, text } = await compareWithMirror(folder, journalOf(database, settings), key);
    print(text);
    return same ? 0 : 1;
  });
}

/** @param key null: the one that the service signs with @throws WrongUsage when there is nothing to compare with */
export async function compareWithMirror(
  folder: string,
  journal: Journal,
  key: TrustedKey | null,
): Promise<{ same: boolean; text: string }> {
  const sizes = await sizesIn(folder);
  const { signer } = journal.proofs;
  const trusted = key ?? { key: signer.key, name: signer.name };
  const stored = await journal.proofs.stored();
  const accepted = stored ? acceptancesOf(stored.note) : 0;
  let superseded = 0;
  for (const { size, name } of sizes) {
    const mirrored = await readFile(join(folder, name), 'utf8');
    if (acceptancesOf(mirrored) < accepted) superseded += 1;
    else {
      const reason = await differs(journal, size, mirrored, trusted);
      if (reason !== null) return { same: false, text: `NOT VALID: the checkpoint of size ${size}: ${reason}` };
    }
  }
  // The mirror vouches for the tree; that the events are those in the tree is for the journal to show.
  const { valid, firstBadPosition, reason } = await journal.verification.verify();
  if (!valid) {
    return {
      same: false,
      text: `NOT VALID: the journal itself\nfirst bad position: ${firstBadPosition}\nreason: ${reason}`,
    };
  }
  const newest = sizes.at(-1)!.size;
  return {
    same: true,
    text:
      `valid: ${sizes.length - superseded} mirrored checkpoints, up to size ${newest}, are those of this journal` +
      (superseded === 0 ? '' : `; ${superseded} are older than the last \`journal accept\` and were not compared`),
  };
}

/** @throws WrongUsage if the folder has no checkpoints, NodeJS.ErrnoException if it cannot be read */
async function sizesIn(folder: string): Promise<{ size: number; name: string }[]> {
  const names = await readdir(folder);
  const sizes = names
    .flatMap((name) => {
      const size = sizeOfMirrorFile(name);
      return size === null ? [] : [{ size, name }];
    })
    .sort((a, b) => a.size - b.size);
  if (sizes.length === 0) throw new WrongUsage(`${folder} has no checkpoints`);
  return sizes;
}

async function differs(journal: Journal, size: number, note: string, key: TrustedKey): Promise<string | null> {
  const mirrored = openTrusted(note, key);
  if (!mirrored || mirrored.size !== size) return 'the mirrored file is not a checkpoint signed with that key';
  const newest = (await journal.proofs.stored())?.size ?? 0;
  if (size > newest) return `the journal ends at ${newest}`;
  const root = await journal.proofs.rootAt(size).catch(() => null);
  return root?.equals(mirrored.root) ? null : 'the journal had another root at that size: it was rewritten';
}
