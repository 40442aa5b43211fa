import { type AnyColumn, eq, type SQL } from 'drizzle-orm';
import type { Reach } from '../core/reach.js';

/** The condition that keeps a query within a reach; undefined if it reaches all. */
export const within = (reach: Reach, platform: AnyColumn): SQL | undefined =>
  reach.platform === null ? undefined : eq(platform, reach.platform);
