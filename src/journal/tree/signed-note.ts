/**
 * Checkpoints as C2SP has them: the text of tlog-checkpoint (origin, size, root) in a signed note with an Ed25519
 * signature. https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note. Pure.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** The algorithm's number in a C2SP signed note. */
const ed25519 = 0x01;
const keyIdLength = 4;
/** What stands before the 32 bytes of the key in its DER form (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');

export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
  /**
   * How often operators had accepted an inconsistent journal before this checkpoint was signed; absent: never. Checkpoints
   * from before the last acceptance need not fit later ones.
   */
  accepted?: number;
}

/** An extension line of tlog-checkpoint. */
const acceptedLine = 'facecode-accepted ';

/** Who signs, as those who verify know it. */
export interface NoteVerifier {
  name: string;
  keyId: Buffer;
  key: KeyObject;
}

export interface NoteSigner extends NoteVerifier {
  privateKey: KeyObject;
}

/** @param privateKeyPem Ed25519, PKCS#8 @param name of the key; ours is the origin of the journal */
export function noteSigner(name: string, privateKeyPem: string): NoteSigner {
  const privateKey = createPrivateKey(privateKeyPem);
  return { ...noteVerifier(name, createPublicKey(privateKey)), privateKey };
}

/** The public key of a private key, in DER. */
export function publicKeyOf(privateKeyPem: string): Buffer {
  return createPublicKey(privateKeyPem).export({ format: 'der', type: 'spki' });
}

export function noteVerifier(name: string, key: KeyObject): NoteVerifier {
  const identity = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519), rawKey(key)]);
  return { name, keyId: createHash('sha256').update(identity).digest().subarray(0, keyIdLength), key };
}

/** `<name>+<key id>+<key>`, the form in which C2SP tools take a key. */
export function verifierKey({ name, keyId, key }: NoteVerifier): string {
  return `${name}+${keyId.toString('hex')}+${Buffer.concat([Buffer.of(ed25519), rawKey(key)]).toString('base64')}`;
}

/** @returns null when it is none, or of another algorithm, or its key id is not that of its key */
export function parseVerifierKey(text: string): NoteVerifier | null {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim());
  const bytes = Buffer.from(match?.[3] ?? '', 'base64');
  if (!match || bytes.length !== 33 || bytes[0] !== ed25519) return null;
  const key = createPublicKey({ key: Buffer.concat([spkiHead, bytes.subarray(1)]), format: 'der', type: 'spki' });
  const verifier = noteVerifier(match[1]!, key);
  return verifier.keyId.toString('hex') === match[2] ? verifier : null;
}

export function signCheckpoint({ origin, size, root, accepted = 0 }: Checkpoint, signer: NoteSigner): string {
  const extension = accepted === 0 ? '' : `${acceptedLine}${accepted}\n`;
  const text = `${origin}\n${size}\n${root.toString('base64')}\n${extension}`;
  const signature = Buffer.concat([signer.keyId, sign(null, Buffer.from(text), signer.privateKey)]);
  return `${text}\n— ${signer.name} ${signature.toString('base64')}\n`;
}

/** The content of a note. Does not check the signature. */
export const acceptancesOf = (note: string): number => parseCheckpoint(note)?.accepted ?? 0;

/** @returns the content of a note that this key has signed, under any name, because a new JOURNAL_ORIGIN is no new key */
export function openOwnCheckpoint(note: string, { key }: NoteVerifier): Checkpoint | null {
  const [origin = ''] = note.split('\n');
  const checkpoint = openCheckpoint(note, noteVerifier(origin, key));
  return checkpoint?.origin === origin ? checkpoint : null;
}

/** @returns what a note says, when that verifier has signed it and it is a checkpoint; else null */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint | null {
  const end = note.lastIndexOf('\n\n');
  if (end < 0) return null;
  const text = note.slice(0, end + 1);
  const signed = note
    .slice(end + 2)
    .split('\n')
    .some((line) => isSignature(line, text, verifier));
  return signed ? parseCheckpoint(text) : null;
}

function isSignature(line: string, text: string, { name, keyId, key }: NoteVerifier): boolean {
  const match = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
  const bytes = Buffer.from(match?.[2] ?? '', 'base64');
  // The last digit of base64 has bits to spare: a note is to have one form.
  if (
    !match ||
    match[1] !== name ||
    bytes.toString('base64') !== match[2] ||
    !bytes.subarray(0, keyIdLength).equals(keyId)
  )
    return false;
  return verify(null, Buffer.from(text), key, bytes.subarray(keyIdLength));
}

function parseCheckpoint(text: string): Checkpoint | null {
  const match = /^(.+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:facecode-accepted ([1-9]\d{0,8})\n)?/.exec(text);
  if (!match) return null;
  const checkpoint = { origin: match[1]!, size: Number(match[2]), root: Buffer.from(match[3]!, 'base64') };
  return match[4] === undefined ? checkpoint : { ...checkpoint, accepted: Number(match[4]) };
}

const rawKey = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(spkiHead.length);
