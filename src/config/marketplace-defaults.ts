import { marketplaceFields } from './setting-fields.ts';

/** What `marketplace` in a config file is taken for where it says nothing. */
export const marketplaceDefaults = {
  registryUrl: marketplaceFields.registryUrl.default,
  officialUrl: marketplaceFields.officialUrl.default,
  officialLimit: marketplaceFields.officialLimit.default,
  readmeUrl: marketplaceFields.readmeUrl.default,
} as const;
