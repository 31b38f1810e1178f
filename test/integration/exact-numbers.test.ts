import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonText, parseJson } from '../../src/base/index.ts';
import type { Era, JsonObject, JsonValue } from '../../src/protocol/index.ts';
import { legacy, modern, open, type Sent, startSession } from '../downstream/harness.ts';
import { at, CLIENT_ERAS, SERVERS } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { httpServer, type HttpServer } from '../support/recorder.ts';

/** Each of them is another number in JavaScript. */
const [ARGUMENT, DECIMAL, TOKEN, FORWARDED] = ['9223372036854775807', '0.12345678901234567891', '1763806000123456789', '9007199254740993'];
const [MINIMUM, MAXIMUM] = ['-9223372036854775808', '18446744073709551615'];
const STRUCTURED = '{"n":-12345678901234567890,"d":0.1234567890123456789,"s":"9007199254740993"}';

let hub: RunningHub;
const remotes: HttpServer[] = [];
const sessions = new Map<string, string>();

beforeAll(async () => {
  const entries = await Promise.all(
    SERVERS.map(async ({ name, era, transport }) => {
      const { command, args } = fixture('digits.mjs', era);
      if (transport === 'stdio') return [name, { command, args }] as const;
      const remote = await httpServer([...args, 'http']);
      remotes.push(remote);
      return [name, remote.entry] as const;
    }),
  );
  const off = { ...fixture('echo.mjs'), disabled: true };
  hub = await runHub({ startupWait: 60_000, mcpServers: { ...Object.fromEntries(entries), off } });
});

afterAll(async () => {
  await hub.stop();
  for (const { stop } of remotes) await stop();
});

/** A request as its text, in which each `"@digits"` stands for the number. */
async function sent(path: string, era: Era, method: string, params: JsonObject, meta: JsonObject = {}): Promise<Sent> {
  const url = hub.origin + path;
  if (era === 'legacy' && !sessions.has(path)) sessions.set(path, await startSession(url));
  const { headers = {}, body } =
    era === 'modern'
      ? modern(method, params, meta)
      : {
          headers: { 'mcp-session-id': sessions.get(path) ?? '', 'mcp-protocol-version': '2025-11-25' },
          body: legacy(method, { ...params, _meta: meta }),
        };
  return { headers, body: Buffer.from(JSON.stringify(body).replaceAll(/"@([^"]*)"/g, '$1')) };
}

/** The messages of the answer, each as its text. */
async function ask(path: string, ...request: [Era, string, JsonObject, JsonObject?]): Promise<readonly string[]> {
  const reading = await open(hub.origin + path, await sent(path, ...request));
  await reading.ended;
  return reading.headers['content-type'] === 'text/event-stream' ? reading.events.map(({ data }) => data) : [reading.text()];
}

/** What a server says that it was sent. */
const told = (answer: string | undefined): string => {
  const content = at(parseJson(answer ?? ''), 'result', 'content');
  return Array.isArray(content) ? String(at(content[0], 'text')) : '';
};

/** A member of what a text says, as a text. */
const member = (text: string | undefined, ...path: readonly string[]): string => jsonText(at(parseJson(text ?? ''), ...path));

const ARGUMENTS: JsonObject = { n: `@${ARGUMENT}`, deep: [{ d: `@${DECIMAL}` }], text: ARGUMENT };
const ARGUMENTS_TEXT = `{"n":${ARGUMENT},"deep":[{"d":${DECIMAL}}],"text":"${ARGUMENT}"}`;

describe.each(CLIENT_ERAS)('a %s client', (era) => {
  describe.each(SERVERS)('of $name', ({ name }) => {
    it('has the numbers of its arguments and of the result digit by digit', async () => {
      const answers = await ask('/mcp', era, 'tools/call', { name: `${name}__tell`, arguments: ARGUMENTS });
      expect(member(told(answers.at(-1)), 'params', 'arguments')).toBe(ARGUMENTS_TEXT);
      expect(member(answers.at(-1), 'result', 'structuredContent')).toBe(STRUCTURED);
    });

    it('sees the bounds in a schema as the server wrote them, behind both endpoints', async () => {
      for (const path of ['/mcp', `/mcp/${name}`]) {
        const [list = ''] = await ask(path, era, 'tools/list', {});
        expect(list).toContain(`"minimum":${MINIMUM},"maximum":${MAXIMUM},"multipleOf":1`);
      }
    });

    it('gets what an error says beside its words', async () => {
      const answers = await ask('/mcp', era, 'tools/call', { name: `${name}__fail`, arguments: {} });
      expect(member(answers.at(-1), 'error', 'data')).toBe(`{"n":${FORWARDED}}`);
    });
  });
});

describe('the parts of a call around its arguments', () => {
  it('have their digits too: log messages, fields of _meta', async () => {
    const path = '/mcp/legacyhttp';
    await ask(path, 'legacy', 'logging/setLevel', { level: 'info' });
    const answers = await ask(
      path,
      'legacy',
      'tools/call',
      { name: 'tell', arguments: {} },
      { progressToken: `@${TOKEN}`, 'example.org/n': `@${FORWARDED}` },
    );
    expect(member(answers[0], 'params', 'data')).toBe(`{"n":${FORWARDED}}`);
    expect(member(told(answers.at(-1)), 'params', '_meta', 'example.org/n')).toBe(FORWARDED);
  });

  it('have them in the id of a request, which its answer repeats: alone, in a batch, and in an error', async () => {
    const headers = { 'mcp-session-id': await startSession(hub.url, '2025-03-26') };
    const list = `{"jsonrpc":"2.0","id":${TOKEN},"method":"tools/list","params":{}}`;
    const wrong = `{"jsonrpc":"2.0","id":-${TOKEN},"method":"none"}`;
    for (const [body, ids] of [
      [list, [TOKEN]],
      [wrong, [`-${TOKEN}`]],
      [`{"id":${TOKEN}}`, [TOKEN]],
      [`[${list},${wrong}]`, [TOKEN, `-${TOKEN}`]],
    ] as const) {
      const reading = await open(hub.url, { headers, body: Buffer.from(body) });
      await reading.ended;
      const text = reading.text() === '' ? (reading.events[0]?.data ?? '') : reading.text();
      expect(new Set([parseJson(text)].flat().map((answer) => member(jsonText(answer), 'id')))).toEqual(new Set(ids));
    }
  });

  it('have them in the id of what a server asks', async () => {
    const [answer] = await ask('/mcp/legacystdio', 'legacy', 'tools/call', { name: 'ping', arguments: {} });
    expect(told(answer)).toBe(`{"jsonrpc":"2.0","id":${TOKEN},"result":{}}`);
  });
});

describe('the REST API', () => {
  it('calls with all digits, and gives them back', async () => {
    const text = `{"server_name":"modernstdio","tool":"tell","arguments":${ARGUMENTS_TEXT}}`;
    const reading = await open(`${hub.origin}/api/servers/tools`, { body: Buffer.from(text) });
    await reading.ended;
    expect(member(told(reading.text()), 'params', 'arguments')).toBe(ARGUMENTS_TEXT);
    expect(member(reading.text(), 'result', 'structuredContent')).toBe(STRUCTURED);
  });

  it('writes them into the config', async () => {
    const path = `${hub.origin}/api/servers/off`;
    const patch = { env: { GUILD: `@${TOKEN}` }, note: { list: [`@${FORWARDED}`, 1] } };
    const body = Buffer.from(JSON.stringify(patch).replaceAll(/"@([^"]*)"/g, '$1'));
    const reading = await open(path, { method: 'PATCH', body });
    await reading.ended;
    expect([reading.status, reading.text()]).toEqual([200, expect.any(String)]);
    const file = await readFile(join(hub.folder, 'mcp-servers.json'), 'utf8');
    expect(JSON.stringify(parseJson(file))).toBe(JSON.stringify(JSON.parse(file)));
    expect(member(file, 'mcpServers', 'off')).toContain(`"env":{"GUILD":${TOKEN}},"note":{"list":[${FORWARDED},1]}`);
    const shown = await open(path, { method: 'GET' });
    await shown.ended;
    expect(shown.status).toBe(200);
  });

  it('shows the schemas of tools with them', async () => {
    const reading = await open(`${hub.origin}/api/servers`, { method: 'GET' });
    await reading.ended;
    const servers = at(parseJson(reading.text()), 'servers') as readonly JsonValue[];
    expect(servers).toHaveLength(SERVERS.length + 1);
    for (const server of servers.slice(0, -1)) expect(jsonText(at(server, 'capabilities', 'tools'))).toContain(`"maximum":${MAXIMUM}`);
  });
});
