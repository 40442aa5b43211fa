/** A longer line than any event or proof is no line of ours. */
const longest = 64 * 1024 * 1024;

/**
 * The lines of a text in UTF-8, without their ends. Only a line feed ends one: readline would also cut at U+2028, which
 * JSON allows in texts. Bytes that are no UTF-8 come out as U+FFFD.
 *
 * @throws RangeError for a line that is too long
 */
export async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  for await (const chunk of bytes) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    if (rest.length > longest) throw new RangeError('a line is too long');
    yield* parts;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
