import type { Route } from './route.ts';
import { callRoutes } from './routes/calls.ts';
import { configRoutes } from './routes/config.ts';
import { keyRoutes } from './routes/keys.ts';
import { hubRoutes } from './routes/hub.ts';
import { loginRoutes } from './routes/logins.ts';
import { marketplaceRoutes } from './routes/marketplace.ts';
import { serverRoutes } from './routes/servers.ts';

/** Every route under `/api`. The app, the OpenAPI document and docs/rest-api.md are made from this table. */
export const routes: readonly Route[] = [
  ...hubRoutes,
  ...serverRoutes,
  ...callRoutes,
  ...configRoutes,
  ...marketplaceRoutes,
  ...loginRoutes,
  ...keyRoutes,
];
