import { readFile } from 'node:fs/promises';
import { sha256 } from '../core/digest.js';

export const verifierName = 'facecode-verify.mjs';

/** The offline verifier: one file that an auditor runs without a clone of this repository. */
export interface VerifierFile {
  text: string;
  /** hex, of its UTF-8 bytes */
  sha256: string;
}

/** Injection token of the URL of the file. */
export const VERIFIER_PLACE = Symbol('URL of the offline verifier');

/** In `dist`, also when the service runs from its source. */
export const verifierPlace = new URL(`../../dist/${verifierName}`, import.meta.url);

/** @returns null if the build has not made the file */
export async function readVerifierFile(place: URL): Promise<VerifierFile | null> {
  try {
    const text = await readFile(place, 'utf8');
    return { text, sha256: sha256(text).toString('hex') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
