/** Compares scanRefs. iDenfy's are UUIDs, so their letter case does not matter. Any other text must match exactly. */
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const isUuid = (scanRef: string): boolean => scanRef.length === 36 && uuid.test(scanRef);

/** Returns one spelling for all equal scanRefs: a UUID in lower case, any other text unchanged. */
export const normalScanRef = (scanRef: string): string => (isUuid(scanRef) ? scanRef.toLowerCase() : scanRef);

export const isSameScanRef = (one: string, other: string): boolean => normalScanRef(one) === normalScanRef(other);

/** Returns the text unchanged, and for a UUID also in lower and in upper case. */
export const spellingsOf = (scanRef: string): string[] =>
  isUuid(scanRef) ? [...new Set([scanRef, scanRef.toLowerCase(), scanRef.toUpperCase()])] : [scanRef];

/** Whether a body that cannot be parsed contains the scanRef. */
export const mentions = (bytes: Buffer, scanRef: string): boolean =>
  isUuid(scanRef) ? bytes.toString('latin1').toLowerCase().includes(scanRef.toLowerCase()) : bytes.includes(scanRef);
