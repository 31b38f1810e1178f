import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HubError, lastOutput } from '../../src/base/index.ts';
import { renderNotes, renderOpened, renderServer, renderSummary } from '../../src/cli/render.ts';
import { plainStyle, styleFor } from '../../src/cli/style.ts';
import type { ServerReport } from '../../src/hub/index.ts';
import { ready, report } from './reports.ts';

const lines = (given: ServerReport, nowMs = 0): string[] => renderServer(given, nowMs, plainStyle);

describe('renderServer', () => {
  it.each([
    [{ tools: 1, prompts: 1, resources: 1, resourceTemplates: 1 }, '1 tool, 1 prompt, 1 resource, 1 resource template'],
    [{ tools: 250, prompts: 0, resources: 7, resourceTemplates: 2 }, '250 tools, 7 resources, 2 resource templates'],
    [{ tools: 0, prompts: 0, resources: 0, resourceTemplates: 0 }, 'offers nothing'],
  ])('counts what a ready server offers: %j', (counts, text) => {
    expect(lines(ready('everything', { counts }))).toEqual([`  ready     everything  ${text}  (850 ms)`]);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
  ])('writes %d ms as %s', (tookMs, text) => {
    const given = ready('a');
    expect(lines({ ...given, state: { ...given.state, tookMs } as ServerReport['state'] })[0]).toContain(`(${text})`);
  });

  it('tells of a failed start in the words of its error, with the next attempt', () => {
    const last = new HubError('UPSTREAM_EXITED', 'The process ended with exit code 1. Its last output was:\nCannot find module x\n');
    expect(lines(report('a', { kind: 'backoff', untilMs: 5_000, attempt: 2, last }), 3_000)).toEqual([
      '  waiting   a  The process ended with exit code 1. Its last output was:\n            Cannot find module x',
      '            Attempt 2 failed; the next one is in 2.0 s.',
    ]);
  });

  it('adds an exit code that the words leave out', () => {
    const error = new HubError('UPSTREAM_EXITED', 'It ended.', { details: { exitCode: 7 } });
    expect(lines(report('a', { kind: 'failed', error }))).toEqual(['  failed    a  It ended.', '            Exit code 7.']);
  });

  it('shows what a process said in the order in which it was written, and not a second time', () => {
    const stderr = ['settings read', 'Error: no database', '    at open (/srv/a.js:1:2)', '', 'Node.js v20.20.2'];
    const last = new HubError('UPSTREAM_EXITED', `Server "a" exited with code 1.${lastOutput(stderr)}`, {
      details: { exitCode: 1, stderr },
    });
    expect(
      lines(report('a', { kind: 'backoff', untilMs: 1_000, attempt: 1, last }))
        .join('\n')
        .split('\n'),
    ).toEqual([
      '  waiting   a  Server "a" exited with code 1. Its last output was:',
      '              settings read',
      '              Error: no database',
      '            Attempt 1 failed; the next one is in 1.0 s.',
    ]);
  });

  it('asks for a login', () => {
    const error = new HubError('UNAUTHORIZED', 'The server asks for a login.');
    expect(lines(report('a', { kind: 'auth-required', error }))).toEqual(['  login     a  The server asks for a login.']);
  });

  it('has nothing to tell of states in between', () => {
    for (const kind of ['disabled', 'stopped', 'stopping'] as const) expect(lines(report('a', { kind }))).toEqual([]);
    expect(lines(report('a', { kind: 'starting', sinceMs: 0, attempt: 1 }))).toEqual([]);
  });

  it('lets nothing foreign write to the terminal but text', () => {
    const error = new HubError('CONNECTION_ERROR', 'a\u001B]0;title\u0007b\u0008c\r\u009B2Jd');
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(lines(report('x\u001B[2J', { kind: 'failed', error })).join('')).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
  });
});

describe('renderNotes', () => {
  it('puts each note under its server', () => {
    expect(renderNotes('a', ['tool "x" is hidden', 'two'], plainStyle)).toEqual([
      '  note      a: tool "x" is hidden',
      '  note      a: two',
    ]);
  });

  it('does not fill the screen with many of them', () => {
    const shown = renderNotes('a', ['1', '2', '3', '4', '5', '6', '7'], plainStyle);
    expect(shown).toHaveLength(6);
    expect(shown.at(-1)).toBe('  note      a: 2 more like these stand in the log file');
  });
});

describe('renderOpened', () => {
  it.each([
    [{ port: 1 }, 'http://localhost:1/mcp'],
    [{ port: 0, socket: '/run/h\u001B.sock' }, '/run/h.sock'],
    [{ port: 1, socket: '/run/h.sock' }, 'http://localhost:1/mcp and /run/h.sock'],
  ])('tells where the hub is: %j', (place, words) => {
    expect(renderOpened({ host: 'localhost', ...place }, plainStyle)).toEqual([`Listening at ${words}, while the servers start.`]);
  });
});

describe('renderSummary', () => {
  const summary = { host: 'localhost', port: 37_373, configFiles: ['a.json', 'b.json'], logFile: '/state/mcp-hub.log' };

  it('tells counts, addresses and the snippet', () => {
    const error = new HubError('CONNECTION_ERROR', 'x');
    const servers = [
      ready('my server'),
      ready('b'),
      report('c', { kind: 'failed', error }),
      report('d', { kind: 'starting', sinceMs: 0, attempt: 1 }),
      report('e', { kind: 'disabled' }),
    ];
    expect(renderSummary({ ...summary, servers }, plainStyle)).toEqual([
      '',
      '2 of 4 servers ready.',
      'Still starting: d.',
      'Disabled: e.',
      '',
      'All servers:   http://localhost:37373/mcp',
      'One server:    http://localhost:37373/mcp/<server>  (my%20server, b)',
      'Log file:      /state/mcp-hub.log',
      '',
      'Connect a client with "mcp-hub connect <client>", or put this into its configuration:',
      '  {"mcpServers": {"Hub": {"url": "http://localhost:37373/mcp"}}}',
      '',
    ]);
  });

  it('names those that are not to run, and does not count them', () => {
    const servers = [
      ready('a'),
      report('lz', { kind: 'stopped', reason: 'lazy' }),
      report('nap', { kind: 'stopped', reason: 'idle' }),
      report('mn', { kind: 'stopped', reason: 'manual' }),
      report('st', { kind: 'stopped' }),
    ];
    const lines = ['1 of 2 servers ready.', 'Asleep until a call: lz, nap.', 'Started by hand only: mn.', ''];
    expect(renderSummary({ ...summary, servers }, plainStyle).slice(1, 5)).toEqual(lines);
    expect(renderSummary({ ...summary, servers: servers.slice(3, 4) }, plainStyle).slice(1, 3)).toEqual(['Started by hand only: mn.', '']);
  });

  it('shows where the API key goes that a client needs, and where it is', () => {
    const keyPlace = 'the one in key\u001B.txt';
    expect(renderSummary({ ...summary, servers: [], keyPlace }, plainStyle).slice(-4)).toEqual([
      'To connect a client, put this into its configuration:',
      '  {"mcpServers": {"Hub": {"url": "http://localhost:37373/mcp", "headers": {"Authorization": "Bearer <key>"}}}}',
      'The hub asks for an API key: in place of <key> goes the one in key.txt.',
      '',
    ]);
  });

  it('says where it looked when there are no servers', () => {
    expect(renderSummary({ ...summary, servers: [] }, plainStyle)).toEqual(
      expect.arrayContaining([
        'No servers are configured in a.json, b.json.',
        'Add one with "mcp-hub add", or those of another client with "mcp-hub import".',
      ]),
    );
  });

  it.each([
    ['0.0.0.0', 'http://localhost:37373/mcp'],
    ['::', 'http://localhost:37373/mcp'],
    ['::1', 'http://[::1]:37373/mcp'],
    ['box.local', 'http://box.local:37373/mcp'],
  ])('gives an address that works for the host %s', (host, url) => {
    expect(renderSummary({ ...summary, host, servers: [] }, plainStyle).join('\n')).toContain(`"url": "${url}"`);
  });
});

describe('styleFor', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('isTTY %s with %j: colour %s', (isTTY, env, coloured) => {
    expect(styleFor({ isTTY }, env).bad('x') === '\u001B[31mx\u001B[39m').toBe(coloured);
    expect(styleFor({ isTTY }, env).bad('x') === 'x').toBe(!coloured);
  });

  it('says the same with colour and without', () => {
    const style = styleFor({ isTTY: true }, {});
    expect(renderServer(ready('a'), 0, style).map(stripVTControlCharacters)).toEqual(lines(ready('a')));
  });
});
