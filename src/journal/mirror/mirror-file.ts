/** Names of checkpoints in a mirror's folder. Pure. */
const digitsOfSize = 16;

export const mirrorFileName = (size: number): string => `${String(size).padStart(digitsOfSize, '0')}.checkpoint`;

/** @returns null for what is none of ours */
export function sizeOfMirrorFile(name: string): number | null {
  const size = /^(\d{16})\.checkpoint$/.exec(name)?.[1];
  return size === undefined ? null : Number(size);
}
