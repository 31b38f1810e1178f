export {
  type ApiKey,
  expiryOf,
  fingerprintOf,
  isKeyScope,
  keyScopes,
  type KeyScope,
  looksLikeKey,
  readKeyText,
} from './api-keys/api-key.ts';
export { createApiKey, revokeApiKey } from './api-keys/key-edits.ts';
export { ApiKeyFile, apiKeyFile } from './api-keys/key-file.ts';
export type * from './config.ts';
export { changeWords, type ConfigChanges, configChanges } from './changes.ts';
export { type ConfigDiff, diffConfigs } from './diff.ts';
export { parseDotenv } from './dotenv.ts';
export { type EditOptions, readText } from './edit-plan.ts';
export { editServers, type ServerEdit } from './edit.ts';
export { etagOf } from './etag.ts';
export { readConfigFile } from './file.ts';
export { type HubEnvironment, readHubEnvironment } from './hub-environment.ts';
export { Json5SyntaxError, type Node, parseJson5 } from './json5.ts';
export { editJson5 } from './json5-edit.ts';
export { isSecretName } from './literal-secrets.ts';
export { type LoadOptions, loadConfig } from './load.ts';
export { marketplaceDefaults } from './marketplace-defaults.ts';
export { maskCommandLine, maskConfig, maskEntry, maskUrl, secretsOf } from './mask.ts';
export { Placeholders, predefined } from './placeholders.ts';
export { DEFAULT_DEV_WATCH } from './schema.ts';
export { diagnosticOf, formatDiagnostic } from './source.ts';
export { type Applied, type ConfigChange, ConfigStore, type ConfigStoreOptions, type EditResult } from './store.ts';
export { maskedDiff } from './text-diff.ts';
export { isAllowedHost } from './upstream-hosts.ts';
export { ConfigWatch } from './watch.ts';
export { SealedFile } from './sealed-file.ts';
export { checkSecretName, type SecretPlace, secretStore } from './secrets/secret-store.ts';
export { writeFileAtomically } from './write-file.ts';
