export type { CacheHint, Listing, ServerIdentity } from './listing.ts';
