import { z } from 'zod';
import type { Caller } from '../../auth/access.ts';
import { scopeProblem } from '../../auth/refusals.ts';
import { notFromThisMachine } from '../../guards/this-machine.ts';
import type { Management } from '../../management.ts';
import { loginFailedPage, loginPage, PAGE_HEADERS } from '../login-page.ts';
import { NO_INPUT, type Route, route } from '../route.ts';
import { EXAMPLE_SERVER, EXAMPLE_TIME, namedServer, ok, server, timestamp } from '../schemas.ts';
import { seenBy } from '../seen-by.ts';
import { invalidField } from '../validate.ts';
import { errorTable, toHubError } from '../../../base/index.ts';

const WHOSE =
  'Where each logs in by itself (`"logins": "each"` in the entry of the server) it is the login of whoever asks; the one that all share takes a key of scope `admin`.';

/** The login that all share is not every caller's to begin or end. @throws HubError FORBIDDEN */
function checkMayManage(caller: Caller, name: string, { logins }: Management): void {
  const problem = logins.hasOwn(name, caller.principal.id) ? undefined : scopeProblem(caller, 'admin');
  if (problem) throw problem;
}

const authorize = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/servers/authorize',
  needs: 'mcp',
  tag: 'Logins',
  summary: 'Begin the login at a server',
  description:
    'Opens a browser where there is one, for programs on the same machine; `authorizationUrl` is where to go otherwise. ' +
    `While a login is open, it is the same one. ${WHOSE}`,
  body: namedServer.extend({ open_browser: z.boolean().optional().describe('false: whoever asks opens the page itself.') }),
  answer: z.looseObject({ status: ok, server, authorizationUrl: z.string(), timestamp }),
  errors: ['SERVER_NOT_FOUND', 'CONFLICT', 'CONNECTION_ERROR'],
  example: {
    body: { server_name: 'time' },
    answer: {
      status: 'ok',
      server: { ...EXAMPLE_SERVER, status: 'unauthorized', transportType: 'sse' },
      authorizationUrl: 'https://login.example.com/authorize?client_id=hub',
      timestamp: EXAMPLE_TIME,
    },
  },
  run: async ({ body, isLocal, caller }, { management }) => {
    const { name } = management.servers.get(body.server_name);
    checkMayManage(caller, name, management);
    const openBrowser = isLocal && body.open_browser !== false;
    const { authorizationUrl } = await management.logins.authorize(name, { principal: caller.principal.id, openBrowser });
    return { body: { status: 'ok', server: await seenBy(caller, management)(management.servers.get(name)), authorizationUrl } };
  },
});

/** A parameter of the callback. Whatever comes is answered with a page, so that one that is no text counts as missing. */
const parameter = (description: string) => z.string().optional().catch(undefined).describe(description);

const callbackQuery = z.looseObject({
  code: parameter('what the authorization server gives in exchange for the login.'),
  server_name: parameter('the server that the login is for.'),
  state: parameter('what the hub sent along. Required: it tells which login this is the end of.'),
  iss: parameter('the authorization server itself (RFC 9207).'),
  error: parameter('why there was no login.'),
});

/** As a browser comes back: `state` is what the page of the login was opened with, and `iss` comes from servers that know RFC 9207. */
const EXAMPLE_CALLBACK = 'server_name=time&code=abc&state=Zt9vYk3mQ0sXw1hRr7uLdC5aNf2eJp8G&iss=https%3A%2F%2Flogin.example.com';

const callback = route({
  ...NO_INPUT,
  method: 'get',
  path: '/api/oauth/callback',
  needs: 'nothing',
  noHead: true,
  tag: 'Logins',
  summary: 'Where an authorization server sends the browser back to',
  description: 'Answers with a page for the person in front of the browser, also when the login failed.',
  query: callbackQuery,
  answer: z.string(),
  mediaType: 'text/html',
  errors: ['SERVER_NOT_FOUND', 'UNAUTHORIZED', 'CONNECTION_ERROR'],
  example: { query: EXAMPLE_CALLBACK, answer: '<!doctype html>…' },
  run: async ({ query }, { management }) => {
    const params = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (typeof value === 'string') params.append(key, value);
    try {
      if (!params.has('code') && !params.has('error'))
        throw invalidField('query', 'code', 'is missing', 'Begin the login again: the authorization server adds it.');
      const { server: name, message } = await management.logins.finish(params);
      return { body: loginPage(name, message), headers: PAGE_HEADERS };
    } catch (error) {
      const failure = toHubError(error);
      const { server: name } = failure.details;
      const body = loginFailedPage(failure, typeof name === 'string' ? name : undefined);
      return { body, status: errorTable[failure.code].httpStatus, headers: PAGE_HEADERS };
    }
  },
});

const manualCallback = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/oauth/manual_callback',
  needs: 'mcp',
  tag: 'Logins',
  summary: 'End a login with the address that the browser was sent to',
  description: 'For a hub on another machine: the browser cannot reach its callback, so the person copies the address.',
  body: z.looseObject({ url: z.string().min(1).describe('the whole address from the browser, a string with `code` and `state` in it.') }),
  answer: z.looseObject({ status: ok, message: z.string(), server_name: z.string(), timestamp }),
  errors: ['SERVER_NOT_FOUND', 'UNAUTHORIZED', 'CONNECTION_ERROR'],
  example: {
    body: { url: `http://localhost:37373/api/oauth/callback?${EXAMPLE_CALLBACK}` },
    answer: { status: 'ok', message: 'Logged in at "time".', server_name: 'time', timestamp: EXAMPLE_TIME },
  },
  run: async ({ body }, { management }) => {
    const pasted = body.url.trim();
    if (!URL.canParse(pasted)) throw invalidField('body', 'url', 'is not a URL', 'It takes: the whole address from the browser.');
    const { searchParams } = new URL(pasted);
    if (!searchParams.has('code') && !searchParams.has('error'))
      throw invalidField('body', 'url', 'has no "code" in it', 'It takes: the whole address from the browser, after the login.');
    const { server: name, message } = await management.logins.finish(searchParams);
    return { body: { status: 'ok', message, server_name: name } };
  },
});

const logOut = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/servers/logout',
  needs: 'mcp',
  tag: 'Logins',
  summary: 'Forget the login at a server',
  description:
    'The tokens are deleted here, and taken back at the authorization server where that has an endpoint for it: `revoked` says ' +
    `whether it did. A server that runs is started anew, and asks for a login. ${WHOSE} Where no key is asked for, it is refused to everybody but programs on the same machine.`,
  body: namedServer,
  answer: z.looseObject({ status: ok, server, revoked: z.boolean(), timestamp }),
  errors: ['SERVER_NOT_FOUND', 'CONFIG_ERROR'],
  example: {
    body: { server_name: 'time' },
    answer: {
      status: 'ok',
      server: { ...EXAMPLE_SERVER, status: 'unauthorized', transportType: 'sse' },
      revoked: true,
      timestamp: EXAMPLE_TIME,
    },
  },
  run: async ({ body, caller, mayEdit }, { management }) => {
    const { name } = management.servers.get(body.server_name);
    const { id } = caller.principal;
    checkMayManage(caller, name, management);
    if (!mayEdit && !management.logins.hasOwn(name, id)) {
      throw notFromThisMachine('POST /api/servers/logout', 'forgets the login that all who use the hub share');
    }
    const { revoked } = await management.logins.logOut(name, id);
    return { body: { status: 'ok', server: await seenBy(caller, management)(management.servers.get(name)), revoked } };
  },
});

/** Logins at remote servers. */
export const loginRoutes: readonly Route[] = [authorize, callback, manualCallback, logOut];
