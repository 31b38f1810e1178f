import type { IncomingMessage } from 'node:http';
import type { HubError } from '../../base/index.ts';
import { hostOriginProblem } from './host-origin.ts';
import { forwardedHost } from './proxies.ts';

/** Most pairs of `Host` and `Origin` that are remembered. */
const MAX_KNOWN = 100;
/** A longer pair is not remembered, in characters. */
const MAX_LENGTH = 300;

/** Checks by what names the hub is called. Nearly all requests say the same ones, so those that were fine once are remembered. */
export class OwnNames {
  #allowed: readonly string[] = [];
  #trusted: readonly string[] = [];
  #names: readonly string[] = [];
  readonly #fine = new Set<string>();
  /** What was fine the last time, which the next request most often says as well. */
  #last: { readonly host: string; readonly origin: string | undefined; readonly localAddress: string | undefined } | undefined;

  /**
   * Refuses a request that calls the hub by a name that is not its own, or that a trusted proxy was asked for by such a name.
   *
   * @param allowed names other than the loopback ones; the same array as long as they are the same
   * @param trusted names of reverse proxies, allowed as well; likewise
   * @returns the FORBIDDEN error to answer with, or `undefined`.
   */
  problem(req: IncomingMessage, allowed: readonly string[], trusted: readonly string[]): HubError | undefined {
    if (allowed !== this.#allowed || trusted !== this.#trusted) this.#renew(allowed, trusted);
    const problem = this.#problem(req);
    if (problem) return problem;
    const forwarded = forwardedHost(req, trusted);
    return forwarded === undefined ? undefined : hostOriginProblem({ host: forwarded }, this.#names);
  }

  #problem({ headers, socket }: IncomingMessage): HubError | undefined {
    const { host, origin } = headers;
    const { localAddress } = socket;
    const last = this.#last;
    if (last && host === last.host && origin === last.origin && localAddress === last.localAddress) return undefined;
    if (host === undefined) return hostOriginProblem(headers, this.#names, localAddress);
    // No header holds a line feed.
    const said = origin === undefined ? `${host}\n${localAddress}` : `${host}\n${localAddress}\n${origin}`;
    if (!this.#fine.has(said)) {
      const problem = hostOriginProblem(headers, this.#names, localAddress);
      if (problem || said.length > MAX_LENGTH) return problem;
      if (this.#fine.size >= MAX_KNOWN) this.#fine.clear();
      this.#fine.add(said);
    }
    this.#last = { host, origin, localAddress };
    return undefined;
  }

  #renew(allowed: readonly string[], trusted: readonly string[]): void {
    this.#allowed = allowed;
    this.#trusted = trusted;
    this.#names = [...allowed, ...trusted];
    this.#fine.clear();
    this.#last = undefined;
  }
}
