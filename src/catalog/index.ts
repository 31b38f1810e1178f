export { buildCatalog, type Catalog, type CatalogOptions } from './catalog.ts';
export { changesBetween } from './changes.ts';
export { type DisabledItem, type DisabledItems, keyOf } from './disabled.ts';
export type { CacheHint, Listing, ServerIdentity } from './listing.ts';
export { isFit } from './offer.ts';
export type { CatalogNote, CatalogView, UriTarget } from './view.ts';
