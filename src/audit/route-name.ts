/**
 * The name of a route in `audit.read` events, such as `attempts.search` or `sessions.evidence`: the fixed parts of its
 * address. If there is only one fixed part, the handler's name follows. Pure.
 * @param url the route's pattern, such as `/v1/sessions/:id/evidence`
 */
export function routeName(url: string, handler: string): string {
  const parts = url.split('/').filter((part) => part !== '' && part !== 'v1' && !part.startsWith(':'));
  return (parts.length === 1 ? [...parts, handler] : parts).join('.');
}
