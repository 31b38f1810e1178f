import { HUB_OWNER, HubError, isHubError } from '../../base/index.ts';
import type { Listing } from '../../catalog/index.ts';
import type { JsonObject, NotificationMessage } from '../../protocol/index.ts';
import type { StartableDefinition, UpstreamParts } from '../incarnation.ts';
import { provablyNotRun } from '../not-run.ts';
import type { ConnectionEvents, Origin, RootsSource, UpstreamAnswer, UpstreamRequest } from '../types.ts';
import { stoppedError } from '../startable.ts';
import { PersonalLink } from './personal-link.ts';

export interface PersonalLinksOptions {
  readonly id: string;
  readonly parts: UpstreamParts;
  /** As it is now; `undefined` while the server may not be used. */
  readonly definition: () => StartableDefinition | undefined;
  readonly listing: () => Listing | undefined;
  readonly forSession: (event: ConnectionEvents['forSession']) => void;
}

/**
 * The connections of those who have a login of their own at one server: everybody but the owner of the hub, whose connection is the
 * main one. What travels on them is one principal's alone, and so is what comes back. They live whether or not the owner's does.
 */
export class PersonalLinks {
  readonly #options: PersonalLinksOptions;
  /** By principal. */
  readonly #links = new Map<string, PersonalLink>();
  /** Those that finish their calls, or are being ended, and whose they are. */
  readonly #leaving = new Map<PersonalLink, string>();
  /** Whose each session is that has asked for something. */
  readonly #sessions = new Map<string, string>();
  #roots: RootsSource = async () => [];
  #logLevel: string | undefined;

  constructor(options: PersonalLinksOptions) {
    this.#options = options;
  }

  /** Whose that session is, if it has asked for something: only then it is known with which login a server may be told of it. */
  ownerOf(sessionId: string): string | undefined {
    return this.#sessions.get(sessionId);
  }

  /** Somebody asks for something. */
  meet({ principalId, sessionId }: Origin): void {
    if (sessionId !== undefined) this.#sessions.set(sessionId, principalId);
  }

  /**
   * Sends a request with the login of its principal; once more over a new connection, when it was lost before the server had it.
   *
   * @throws HubError as {@link PersonalLink.request}; LIMIT_EXCEEDED when there is no room for another principal
   */
  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { principalId } = request.origin;
    const first = this.#linkOf(principalId);
    try {
      return await first.request(request);
    } catch (error) {
      const mayGoAgain = provablyNotRun(error) && !isHubError(error, 'UNAUTHORIZED') && !request.signal.aborted;
      if (!mayGoAgain || !first.wasOpen || this.#links.get(principalId) === first) throw error;
      return this.#linkOf(principalId).request(request);
    }
  }

  /** Whether that client of that principal has a connection of its own. */
  isApart(client: string): boolean {
    return [...this.#links.values()].some((link) => link.isApart(client));
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    this.#ofSession(sessionId)?.notify(notification, sessionId);
  }

  setRootsSource(source: RootsSource): void {
    this.#roots = source;
  }

  /** The roots of all sessions of one principal that have asked for something: what others have is not told in its name. */
  async rootsOf(principalId: string): Promise<readonly JsonObject[]> {
    const sessions = [...this.#sessions].filter(([, owner]) => owner === principalId);
    const lists = await Promise.all(sessions.map(([sessionId]) => this.#roots(sessionId)));
    const byUri = new Map(lists.flat().map((root) => [root['uri'], root] as const));
    return [...byUri.values()];
  }

  rootsChanged(sessionId: string): void {
    this.#ofSession(sessionId)?.rootsChanged(sessionId);
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    this.#logLevel = level;
    await Promise.all(Array.from(this.#links.values(), (link) => link.setLogLevel(level)));
  }

  endSession(sessionId: string): void {
    this.#sessions.delete(sessionId);
    for (const link of [...this.#links.values(), ...this.#leaving.keys()]) link.endSession(sessionId);
  }

  /** Nothing new goes over the connections there are: each ends with its last call. @param principalId absent for all */
  retire(principalId?: string): void {
    for (const [owner, link] of this.#links) if (principalId === undefined || owner === principalId) link.retire();
  }

  /** Ends the connections there are, for `reason`. Resolves when they are gone; never rejects. @param principalId absent for all */
  async end(reason: HubError, principalId?: string): Promise<void> {
    const all = [...[...this.#links].map(([owner, link]) => [link, owner] as const), ...this.#leaving];
    await Promise.all(all.filter(([, owner]) => principalId === undefined || owner === principalId).map(([link]) => link.end(reason)));
  }

  #ofSession(sessionId: string): PersonalLink | undefined {
    const owner = this.#sessions.get(sessionId);
    return owner === undefined || owner === HUB_OWNER ? undefined : this.#links.get(owner);
  }

  #linkOf(principalId: string): PersonalLink {
    const known = this.#links.get(principalId);
    if (known) return known;
    const { id, parts, definition, listing, forSession } = this.#options;
    const first = definition();
    if (!first) throw stoppedError(id, 'disabled');
    this.#makeRoom(first.maxConnections);
    const link: PersonalLink = new PersonalLink({
      id,
      definition: () => definition() ?? first,
      parts: { ...parts, resolveLaunch: (one, signal) => parts.resolveLaunch(one, signal, principalId) },
      listing: listing(),
      logLevel: this.#logLevel,
      roots: (sessionId) => (sessionId === undefined ? this.rootsOf(principalId) : this.#roots(sessionId)),
      logMessage: (notification) => {
        for (const [sessionId, owner] of this.#sessions) if (owner === principalId) forSession({ sessionId, notification });
      },
      forSession,
      left: () => this.#left(principalId, link),
    });
    this.#links.set(principalId, link);
    return link;
  }

  #left(principalId: string, link: PersonalLink): void {
    if (this.#links.get(principalId) === link) this.#links.delete(principalId);
    this.#leaving.set(link, principalId);
    void link.gone.then(() => this.#leaving.delete(link));
  }

  /** The one that nobody has used for longest goes. @throws HubError LIMIT_EXCEEDED when all of them are in use */
  #makeRoom(maxConnections: number): void {
    const { id } = this.#options;
    if (this.#links.size < maxConnections) return;
    const idle = [...this.#links.values()].filter(({ idleSinceMs }) => idleSinceMs !== undefined);
    const longest = idle.toSorted((one, other) => (one.idleSinceMs ?? 0) - (other.idleSinceMs ?? 0))[0];
    const reason = new HubError('CONNECTION_ERROR', `Server "${id}": Another caller needed the connection.`, { details: { server: id } });
    if (longest) return void longest.end(reason);
    const full = `As many callers as may be ("maxConnections", ${maxConnections}) use connections with logins of their own. Try again later, or raise it in its entry.`;
    throw new HubError('LIMIT_EXCEEDED', `Server "${id}": ${full}`, { details: { server: id, setting: 'maxConnections', maxConnections } });
  }
}
