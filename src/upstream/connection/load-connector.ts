import type { Connect } from './connect.ts';

/** As `connector`, which is loaded when the first server is connected to: lists of remembered offers are asked for before. */
export function lateConnector(version: string): Connect {
  let loading: Promise<typeof import('./connector.ts')> | undefined;
  return async (launch, options) => {
    // One promise for all: of several imports, the first is the last to be told, and servers start in the order of the config.
    loading ??= import('./connector.ts');
    const { connector } = await loading;
    options.signal.throwIfAborted();
    return connector(version)(launch, options);
  };
}
