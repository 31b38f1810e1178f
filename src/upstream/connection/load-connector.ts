import type { Connect } from './connect.ts';
import type { connector } from './connector.ts';

/** As `connector`, which is loaded when the first server is connected to: lists of remembered offers are asked for before. */
export function lateConnector(version: string): Connect {
  let loading: Promise<{ readonly connector: typeof connector }> | undefined;
  return async (launch, options) => {
    // One promise for all: of several imports, the first is the last to be told, and servers start in the order of the config.
    loading ??= import('./connector.ts');
    const loaded = await loading;
    options.signal.throwIfAborted();
    return loaded.connector(version)(launch, options);
  };
}
