/** Names of checkpoints in a mirror's folder. Pure. */
const digitsOfSize = 16;

/** @param accepted how often operators have accepted the journal: since then a size may come a second time */
export function mirrorFileName(size: number, accepted: number): string {
  const since = accepted === 0 ? '' : `.accepted-${accepted}`;
  return `${String(size).padStart(digitsOfSize, '0')}${since}.checkpoint`;
}

/** @returns null for what is none of ours */
export function sizeOfMirrorFile(name: string): number | null {
  const size = /^(\d{16})(?:\.accepted-\d+)?\.checkpoint$/.exec(name)?.[1];
  return size === undefined ? null : Number(size);
}
