/**
 * The name of a route in the record of reads, such as `attempts.search` or `sessions.evidence`: the fixed parts of its
 * address, and the handler's name if there is only one. Pure.
 * @param url as it is matched, such as `/v1/sessions/:id/evidence`
 */
export function routeName(url: string, handler: string): string {
  const parts = url.split('/').filter((part) => part !== '' && part !== 'v1' && !part.startsWith(':'));
  return (parts.length === 1 ? [...parts, handler] : parts).join('.');
}
