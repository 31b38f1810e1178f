import type { Secret } from '../base/index.ts';

/**
 * A definition with its placeholders resolved, made anew for every start. All that came out of a placeholder, an
 * environment or a header may be a key, so every value is a {@link Secret}.
 */
export interface StdioLaunch {
  readonly kind: 'stdio';
  readonly command: Secret;
  readonly args: readonly Secret[];
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, Secret>>;
  readonly cwd?: string;
  /** The command line as configured, placeholders unresolved: what errors and logs may show. */
  readonly label: string;
  /** `text` with every resolved value in it replaced: for what the server or an error message says. */
  redact(text: string): string;
}

export interface RemoteLaunch {
  readonly kind: 'remote';
  readonly url: Secret;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly transport: 'auto' | 'http' | 'sse';
  /** The URL as configured. */
  readonly label: string;
  redact(text: string): string;
}

export type Launch = StdioLaunch | RemoteLaunch;
