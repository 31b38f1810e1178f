import type { Logger } from '../base/index.ts';
import { type HubSettings, isAllowedHost, type RemoteDefinition, type StdioDefinition } from '../config/index.ts';
import { type Launch, resolveLaunch } from '../upstream/index.ts';
import type { LaunchSecrets } from './launch-secrets.ts';
import { isOwnAddress } from './own-address.ts';
import type { HubParts } from './parts.ts';
import type { HubOptions } from './types.ts';

export interface LaunchingOptions extends Pick<HubParts, 'logins' | 'way'> {
  readonly options: HubOptions;
  readonly settings: () => HubSettings;
  readonly logger: Logger;
  readonly port: () => number;
  readonly secrets: LaunchSecrets;
}

type Resolve = (definition: StdioDefinition | RemoteDefinition, signal: AbortSignal, principal?: string) => Promise<Launch>;

/** Makes launches out of definitions: with their secrets, which are kept out of what is shown, the way out that they may take, and their login. */
export function launching({ options, settings, logger, port, secrets, way, logins }: LaunchingOptions): Resolve {
  return async (definition, signal, principal) => {
    const isOwn = (url: URL): boolean => isOwnAddress(url, options.host, port());
    const isAllowed = (url: URL): boolean => isAllowedHost(url.hostname, settings().allowedUpstreamHosts);
    const where = { signal, isOwnAddress: isOwn, isAllowedAddress: isAllowed };
    const launch = await resolveLaunch(definition, { ...secrets.context(options, definition.id, logger), ...where });
    const equipped = launch.kind === 'remote' ? { ...launch, outgoing: launch.publicOnly ? way.publicOutgoing : way.outgoing } : launch;
    const addresses = definition.kind === 'remote' ? definition.urls?.length : undefined;
    return secrets.keep(definition.id, logins.equip(definition.id, equipped, addresses, principal), principal);
  };
}
