/** The login at one remote server, as its transports use it. */
export interface RemoteLogin {
  /** The page on which a person logs in, while one is open: until then the server takes nothing. */
  readonly authorizationUrl: string | undefined;
  /** The value of the `Authorization` header, renewed when it is about to expire; `undefined` before the first login. Never rejects. */
  authorization(): Promise<string | undefined>;
  /**
   * Told of a 401, and of the {@link authorization} that was refused: true when the same request can be sent again, with a new one.
   *
   * @throws HubError CONNECTION_ERROR when the login could not be renewed just now, UNAUTHORIZED when a person has to mend something
   */
  renew(refusal: Response, refused: string | undefined): Promise<boolean>;
  /** Told of a 403: begins a login with more rights where that is what it asks for. @throws HubError UNAUTHORIZED that says so */
  stepUp(refusal: Response): Promise<void>;
}

/**
 * Sends a request with the login of its server. A request that was refused for want of a valid token did not run, so that it
 * is sent once more with a new one.
 *
 * @throws HubError as {@link RemoteLogin.renew}
 */
export async function withLogin(
  login: RemoteLogin | undefined,
  init: RequestInit | undefined,
  send: (init: RequestInit | undefined) => Promise<Response>,
): Promise<Response> {
  if (!login) return send(init);
  const authorization = await login.authorization();
  const response = await send(authorized(init, authorization));
  if (response.status !== 401) return withRights(login, response);
  if (!(await orCancel(response, login.renew(response, authorization)))) return response;
  await response.body?.cancel();
  return withRights(login, await send(authorized(init, await login.authorization())));
}

async function withRights(login: RemoteLogin, response: Response): Promise<Response> {
  if (response.status === 403) await orCancel(response, login.stepUp(response));
  return response;
}

async function orCancel<T>(response: Response, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

function authorized(init: RequestInit | undefined, authorization: string | undefined): RequestInit | undefined {
  if (authorization === undefined) return init;
  const headers = new Headers(init?.headers);
  headers.set('authorization', authorization);
  return { ...init, headers };
}
