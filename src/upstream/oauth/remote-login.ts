/** How a server refuses a request, as far as a login goes by it. */
export interface LoginRefusal {
  readonly status: number;
  /** The `WWW-Authenticate` header. */
  readonly challenge: string | undefined;
}

/** The login at one remote server, as its transports use it. */
export interface RemoteLogin {
  /** The page on which a person logs in, while one is open: until then the server takes nothing. */
  readonly authorizationUrl: string | undefined;
  /**
   * The value of the `Authorization` header, renewed when it is about to expire; `undefined` before the first login. At once where nothing
   * has to be read or renewed for it, and else a promise that never rejects.
   */
  authorization(): string | undefined | Promise<string | undefined>;
  /**
   * Told of the challenge of a 401, and of the {@link authorization} that was refused: true when the same request can be sent again, with a new one.
   *
   * @throws HubError CONNECTION_ERROR when the login could not be renewed just now, UNAUTHORIZED when a person has to mend something
   */
  renew(challenge: string | undefined, refused: string | undefined): Promise<boolean>;
  /** Told of the challenge of a 403: begins a login with more rights where that is what it asks for. @throws HubError UNAUTHORIZED that says so */
  stepUp(challenge: string | undefined): Promise<void>;
}

/**
 * What a login makes of a refusal. A request that was refused for want of a valid token did not run, so that it can be sent once more.
 *
 * @param sent the {@link RemoteLogin.authorization} that the request was sent with
 * @param isSecond whether it was sent once more already
 * @returns the authorization to send it with once more; `undefined` when the refusal stands
 * @throws HubError as {@link RemoteLogin.renew} and {@link RemoteLogin.stepUp}
 */
export async function reconsidered(
  login: RemoteLogin,
  { status, challenge }: LoginRefusal,
  sent: string | undefined,
  isSecond: boolean,
): Promise<{ readonly authorization: string | undefined } | undefined> {
  if (status === 403) await login.stepUp(challenge);
  if (status !== 401 || isSecond || !(await login.renew(challenge, sent))) return undefined;
  return { authorization: await login.authorization() };
}
