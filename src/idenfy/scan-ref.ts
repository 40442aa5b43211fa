/** How scanRefs are compared. iDenfy's are UUIDs, whose letter case means nothing. Texts of any other form are compared exactly. */
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const isUuid = (scanRef: string): boolean => scanRef.length === 36 && uuid.test(scanRef);

/** The same text for every spelling of a scanRef: a UUID in lower case, or the text as it is. */
export const normalScanRef = (scanRef: string): string => (isUuid(scanRef) ? scanRef.toLowerCase() : scanRef);

export const isSameScanRef = (one: string, other: string): boolean => normalScanRef(one) === normalScanRef(other);

/** The text as it is, and for a UUID also in lower and in upper case. */
export const spellingsOf = (scanRef: string): string[] =>
  isUuid(scanRef) ? [...new Set([scanRef, scanRef.toLowerCase(), scanRef.toUpperCase()])] : [scanRef];

/** Whether a text that cannot be parsed has the scanRef in it. */
export const mentions = (bytes: Buffer, scanRef: string): boolean =>
  isUuid(scanRef) ? bytes.toString('latin1').toLowerCase().includes(scanRef.toLowerCase()) : bytes.includes(scanRef);
