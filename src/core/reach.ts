import { allPlatforms } from './platform.js';

/**
 * Which platforms' data a caller may see and touch: one platform's or all. Stores take it for everything that an API
 * caller reads, and name it in their `where`. The service's own work reaches all.
 */
export class Reach {
  static readonly all = new Reach(null);

  private constructor(private readonly only: string | null) {}

  /** @param platform of an API key; `*`: all platforms */
  static of(platform: string): Reach {
    return platform === allPlatforms ? Reach.all : new Reach(platform);
  }

  /** For SQL: the one platform; null: all, so nothing is left out. */
  get platform(): string | null {
    return this.only;
  }

  /** @param platform null: of no single platform, which only a reach of all covers */
  covers(platform: string | null): boolean {
    return this.only === null || this.only === platform;
  }
}
