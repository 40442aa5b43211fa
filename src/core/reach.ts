import { allPlatforms } from './platform.js';

/**
 * The platforms whose data a caller may see and change: one platform or all. Stores take it for everything that a caller of
 * the API reads, and name it in their `where`. The service's own work reaches all.
 */
export class Reach {
  static readonly all = new Reach(null);

  private constructor(private readonly only: string | null) {}

  /** @param platform of an API key; `*`: all platforms */
  static of(platform: string): Reach {
    return platform === allPlatforms ? Reach.all : new Reach(platform);
  }

  /** For SQL: the one platform; null: all platforms. */
  get platform(): string | null {
    return this.only;
  }

  /** @param platform null: no single platform; only a reach of all platforms covers it */
  covers(platform: string | null): boolean {
    return this.only === null || this.only === platform;
  }
}
