export { buildCatalog, type Catalog, type CatalogOptions } from './catalog.ts';
export { changesBetween } from './changes.ts';
export type { CacheHint, Listing, ServerIdentity } from './listing.ts';
export type { CatalogNote, CatalogView } from './view.ts';
