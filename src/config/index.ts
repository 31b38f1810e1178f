export type * from './config.ts';
export { parseDotenv } from './dotenv.ts';
export { type HubEnvironment, readHubEnvironment } from './hub-environment.ts';
export { loadConfig } from './load.ts';
export { Placeholders, predefined } from './placeholders.ts';
export { DEFAULT_DEV_WATCH } from './schema.ts';
export { formatDiagnostic } from './source.ts';
export { ConfigStore } from './store.ts';
