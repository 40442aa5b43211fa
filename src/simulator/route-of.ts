/** The contract's paths escape their parameters; a route's parameter begins with a colon that must not be. */
export function routeOf(path: string): string {
  return decodeURIComponent(path);
}
