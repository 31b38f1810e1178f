import { describe, expect, it } from 'vitest';
import { type Invocation, parseArgs, type ServeOptions } from '../../src/cli/args.ts';

function served(...args: string[]): ServeOptions {
  const invocation = parseArgs(args);
  if (invocation.kind !== 'serve') throw new Error(`not served: ${JSON.stringify(invocation)}`);
  return invocation.options;
}

function errors(...args: string[]): readonly string[] {
  const invocation: Invocation = parseArgs(args);
  return invocation.kind === 'wrong' ? invocation.errors : [];
}

describe('parseArgs', () => {
  it('needs nothing', () => {
    expect(served()).toEqual({ port: 37_373, host: 'localhost', configFiles: [], verbose: false, watch: false, requireKey: false });
    expect(served('serve')).toEqual(served());
  });

  it.each([
    [['--config', 'a', '--config', 'b']],
    [['--config', 'a', 'b']],
    [['--config=a', '--config=b']],
    [['serve', '--config', 'a', '--port', '1', '--config', 'b']],
  ])('keeps the config files of %j in order and verbatim', (args) => {
    expect(served(...args).configFiles).toEqual(['a', 'b']);
  });

  it('keeps paths as they are written', () => {
    expect(served('--config', '~/a b/../x.json', './ü.json').configFiles).toEqual(['~/a b/../x.json', './ü.json']);
  });

  it('takes the line that editors run', () => {
    const options = served(
      '--port',
      '40123',
      '--config',
      'g.json',
      '--config',
      'p.json',
      '--auto-shutdown',
      '--shutdown-delay',
      '300000',
      '--watch',
    );
    expect(options.port).toBe(40_123);
    expect(options.configFiles).toEqual(['g.json', 'p.json']);
    expect(options.shutdownDelayMs).toBe(300_000);
    expect(options.watch).toBe(true);
  });

  it.each([
    ['0', 0],
    ['1', 1],
    ['65535', 65_535],
    ['08080', 8_080],
  ])('takes the port %s', (text, port) => {
    expect(served('--port', text).port).toBe(port);
  });

  it.each(['65536', '-1', '3.5', '1e3', 'http', '', '0x10', '99999999999999999999'])('refuses the port %j', (text) => {
    expect(errors(`--port=${text}`)).toHaveLength(1);
    expect(errors(`--port=${text}`)[0]).toMatch(/^--port .*a port is a whole number from 0 to 65535/);
  });

  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['my-host.local', 'my-host.local'],
  ])('takes the host %s', (text, host) => {
    expect(served('--host', text).host).toBe(host);
  });

  it.each(['http://localhost', 'localhost:3000', 'a b', '-x', ''])('refuses the host %j', (text) => {
    expect(errors(`--host=${text}`)).toHaveLength(1);
  });

  it('tells every error, not only the first', () => {
    expect(errors('srve', 'again', '--prot', '3000', '--port', 'x', '--shutdown-delay', 'soon', '--host', 'a:1', '--config')).toEqual([
      'Unknown option --prot. Did you mean --port?',
      'Unknown command "srve". Did you mean serve?',
      'Unexpected "again" after the command.',
      '--port "x" cannot be used: a port is a whole number from 0 to 65535.',
      '--shutdown-delay "soon" cannot be used: the delay in milliseconds is a whole number from 0 to 2147483647.',
      '--host "a:1" cannot be used: give a host name or an IP address alone; the port goes to --port.',
      '--config needs a value: the path of a config file.',
    ]);
  });

  it.each([['--port'], ['--config'], ['--host'], ['--shutdown-delay'], ['--socket'], ['--api-key-file']])(
    'misses the value of %s',
    (name) => {
      expect(errors(name)).toHaveLength(1);
      expect(errors(name, '--verbose')[0]).toMatch(`${name} needs a value`);
    },
  );

  it('tells a value that belongs nowhere', () => {
    expect(errors('--watch=true')).toEqual(['--watch takes no value.']);
    expect(errors('config.json')).toEqual(['Unknown command "config.json". Config files are named with --config.']);
  });

  it('takes --json for what it is beside a command that there is none of', () => {
    expect(errors('frobnicate', '--json')).toEqual(['Unknown command "frobnicate". "mcp-hub --help" lists all commands.']);
  });

  it('guesses nothing where nothing is close', () => {
    expect(errors('--xylophone')).toEqual(['Unknown option --xylophone.']);
  });

  it.each([[['--help']], [['-h']], [['serve', '--port', 'x', '--help']]])('helps for %j', (args) => {
    const invocation = parseArgs(args);
    expect(invocation.kind).toBe('help');
    if (invocation.kind !== 'help') return;
    for (const option of ['--port <number>', '--config <file...>', '--host', '--watch', '--version', '--help'])
      expect(invocation.text).toContain(option);
  });

  it.each([
    [[], undefined],
    [['--auto-shutdown'], 0],
    [['--shutdown-delay', '5'], undefined],
    [['--shutdown-delay', '5', '--auto-shutdown'], 5],
  ] as const)('shuts down by itself for %j after %s ms', (args, delayMs) => {
    expect(served(...args).shutdownDelayMs).toBe(delayMs);
  });
});

describe('parseArgs for stdio', () => {
  it.each(['stdio', 'serve'])('says so when --config has swallowed the command (%s)', (name) => {
    expect(errors('--config', 'a.json', name)).toEqual([
      `--config takes ${name} for a file: write the command first, or ./${name} if it is one.`,
    ]);
    expect(errors('stdio', '--config', 'a.json', name)).toEqual([
      `--config takes ${name} for a file: write the command first, or ./${name} if it is one.`,
    ]);
    expect(parseArgs(['stdio', '--config', `./${name}`]).kind).toBe('stdio');
  });

  it('needs nothing', () => {
    const options = { configFiles: [], server: undefined, shutdownDelayMs: 60_000, verbose: false };
    expect(parseArgs(['stdio'])).toEqual({ kind: 'stdio', options });
  });

  it('takes its own options, wherever the word stands', () => {
    const options = { configFiles: ['a', 'b'], server: 'my server', shutdownDelayMs: 7, verbose: true };
    const args = ['--server', 'my server', '--config=a', '--config=b', '--shutdown-delay', '7', '--verbose'];
    expect(parseArgs(['stdio', ...args])).toEqual({ kind: 'stdio', options });
    expect(parseArgs(['--verbose', 'stdio', ...args.slice(0, -1)])).toEqual({ kind: 'stdio', options });
  });

  it('tells every error, not only the first', () => {
    expect(errors('stdio', '--serve', 'x', '--port', '5', '--verbose=1', '--server', '--config', '--shutdown-delay=-1')).toEqual([
      'Unknown option --serve. Did you mean --server?',
      'Unknown option --port.',
      '--verbose takes no value.',
      '--config needs a value: the path of a config file.',
      '--server needs a value: the name of a server in the config.',
      '--shutdown-delay "-1" cannot be used: the delay in milliseconds is a whole number from 0 to 2147483647.',
    ]);
    expect(errors('stdio', 'again')).toEqual(['Unexpected "again" after the command.']);
  });

  it('helps', () => {
    const invocation = parseArgs(['stdio', '--help']);
    expect(invocation.kind === 'help' && invocation.text).toMatch(/^Usage: mcp-hub stdio \[options\][^]*--server <name>/);
  });
});
