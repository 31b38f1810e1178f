import { randomUUID } from 'node:crypto';
import { anyOf, type CancelSignal, type Clock, type HubError, withDeadline } from '../base/index.ts';
import { hasAbility, notification, type ServerRequest } from '../protocol/index.ts';
import { type AskClient, loginOwner, type Origin, type Upstream, type UpstreamAnswer, type UpstreamRequest } from '../upstream/index.ts';
import { loginNeeded, needsLogin, nobodyLoggedIn, visitNotWanted } from './login-errors.ts';
import type { LoginPages, LoginPlace } from './login-pages.ts';
import type { Worker } from './parked-call.ts';

/** How long a request waits for its person, in milliseconds: as long as a login page is good for. */
const LOGIN_WITHIN_MS = 600_000;

type Consent = 'accept' | 'refused' | 'unreachable' | 'withdrawn';

/** Whether a client can be sent to a page. */
export function canBeSent({ clientCapabilities = {} }: Origin): boolean {
  return hasAbility(clientCapabilities, 'elicitation.url');
}

/** A request that waits for a login. */
interface Visit {
  /** Names the visit to a legacy client. */
  readonly elicitationId: string;
  readonly place: LoginPlace;
  readonly url: string;
  readonly ask: AskClient;
  readonly request: UpstreamRequest;
  /** Aborts when the login is over, or the request is taken back. */
  readonly signal: CancelSignal;
  readonly takeBack: (reason: HubError) => void;
}

/**
 * The requests that meet a server which needs a login: the client that asked is sent to the page (spec 2025-11-25 and 2026-07-28
 * client/elicitation, "URL mode"), and the same request goes on once somebody has logged in, wherever that was. However many wait,
 * there is one page for each server and whose login it is, and a session is asked once.
 */
export class LoginVisits {
  readonly #pages: LoginPages;
  readonly #clock: Clock;
  /** What sessions are being asked, by server and session. */
  readonly #asking = new Map<string, Promise<Consent>>();
  /** The visits that a client was asked for, and not those that wait with them. */
  readonly #asked = new WeakSet<Visit>();
  readonly #workers = new WeakMap<Upstream, Worker & Pick<Upstream, 'endSession'>>();

  constructor(pages: LoginPages, clock: Clock) {
    this.#pages = pages;
    this.#clock = clock;
  }

  /** The server with requests that wait for a login where they need one. */
  before(upstream: Upstream): Worker & Pick<Upstream, 'endSession'> {
    const known = this.#workers.get(upstream);
    if (known) return known;
    const worker: Worker & Pick<Upstream, 'endSession'> = {
      id: upstream.id,
      get listing() {
        return upstream.listing;
      },
      endSession: (sessionId) => upstream.endSession(sessionId),
      settled: (signal) => upstream.settled(signal),
      request: (request) => this.#request(upstream, request),
    };
    this.#workers.set(upstream, worker);
    return worker;
  }

  #request(upstream: Upstream, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const place: LoginPlace = { server: upstream.id, principal: loginOwner(upstream.definition, request.origin.principalId) };
    const logins = this.#pages.count(place);
    return upstream.request(request).catch(async (error: unknown) => {
      if (!needsLogin(error)) throw error;
      if (this.#pages.count(place) === logins) await this.#logIn(place, request, error);
      return upstream.request(request);
    });
  }

  async #logIn(place: LoginPlace, request: UpstreamRequest, error: HubError): Promise<void> {
    const logins = this.#pages.count(place);
    const url = await this.#pages.page(place);
    if (this.#pages.count(place) !== logins) return;
    if (url === undefined) throw error;
    const { onRequest: ask, signal } = request;
    if (!ask || !canBeSent(request.origin)) throw loginNeeded(place, url);
    const taken = new AbortController();
    const over = new AbortController();
    const takenBack = anyOf(signal, taken.signal);
    const visit: Visit = {
      elicitationId: randomUUID(),
      place,
      url,
      ask,
      request,
      signal: anyOf(takenBack, over.signal),
      takeBack: (reason) => taken.abort(reason),
    };
    const loggedIn = this.#pages.over(place, visit.signal);
    try {
      await withDeadline(Promise.race([loggedIn, this.#sent(visit, loggedIn)]), {
        clock: this.#clock,
        timeoutMs: LOGIN_WITHIN_MS,
        signal: takenBack,
        onTimeout: () => nobodyLoggedIn(place, url),
      });
      this.#tellOfEnd(visit);
    } finally {
      loggedIn.catch(() => undefined);
      over.abort();
    }
  }

  /** @throws HubError when the client is not to be, or cannot be, sent there */
  async #sent(visit: Visit, loggedIn: Promise<void>): Promise<void> {
    const consent = await this.#consent(visit);
    if (consent === 'refused') throw visitNotWanted(visit.place, visit.url);
    if (consent === 'unreachable') throw loginNeeded(visit.place, visit.url);
    await loggedIn;
  }

  /** Many calls of one session are one question; when the call that asked is taken back, the next one asks. */
  async #consent(visit: Visit): Promise<Consent> {
    const { sessionId } = visit.request.origin;
    if (sessionId === undefined) return this.#ask(visit);
    const key = JSON.stringify([visit.place.server, sessionId]);
    for (;;) {
      const asked = this.#asking.get(key);
      if (!asked) break;
      const consent = await asked;
      if (consent !== 'withdrawn' || visit.signal.aborted) return consent;
    }
    const asking = this.#ask(visit).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #ask(visit: Visit): Promise<Consent> {
    const { elicitationId, place, url, ask, signal, takeBack } = visit;
    const message = `Server "${place.server}" needs a login before it can be used. Log in on its page; what was asked for goes on after that.`;
    const question: ServerRequest = { method: 'elicitation/create', params: { mode: 'url', elicitationId, url, message } };
    this.#asked.add(visit);
    const { result } = await ask(question, signal, { takeBack });
    if (signal.aborted) return 'withdrawn';
    if (!result) return 'unreachable';
    return result['action'] === 'accept' ? 'accept' : 'refused';
  }

  /** A modern client knows no such notification (spec 2026-07-28 client/elicitation). */
  #tellOfEnd(visit: Visit): void {
    const { elicitationId, request } = visit;
    if (request.origin.era !== 'legacy' || !this.#asked.has(visit)) return;
    request.onNotification?.(notification('notifications/elicitation/complete', { elicitationId }));
  }
}
