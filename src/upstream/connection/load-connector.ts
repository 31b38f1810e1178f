import type { Connect } from './connect.ts';

/** As `connector`, which is loaded when the first server is connected to: lists of remembered offers are asked for before. */
export function lateConnector(version: string): Connect {
  return async (launch, options) => {
    const { connector } = await import('./connector.ts');
    options.signal.throwIfAborted();
    return connector(version)(launch, options);
  };
}
