const quote = 0x22;
const backslash = 0x5c;
const opening = [0x5b, 0x7b];
const closing = [0x5d, 0x7d];

/**
 * Whether lists and objects are nested deeper than that, told from the bytes alone: what walks a parsed value, such as
 * JSON.stringify, does it by recursion and can run out of stack. Of text that is no JSON the answer means nothing.
 */
export function isNestedDeeper(json: Uint8Array, levels: number): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]!;
    if (inText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) {
      inText = true;
    } else if (opening.includes(byte)) {
      depth += 1;
      if (depth > levels) return true;
    } else if (closing.includes(byte)) {
      depth -= 1;
    }
  }
  return false;
}
