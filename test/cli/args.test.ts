import { describe, expect, it } from 'vitest';
import { type Invocation, parseArgs, serveOptions, type ServeOptions } from '../../src/cli/args.ts';

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
    [['-p', '4000', '-c', 'a', '-c', 'b', '-w']],
    [['-p4000', '-ca', '-cb', '-w']],
    [['-p=4000', '-c=a', '-c=b', '-w=true']],
    [['-wp', '4000', '-c', 'a', 'b']],
    [['serve', '-w', 'true', '--port=4000', '-c', 'a', '--config', 'b']],
  ])('takes the short options of %j', (args) => {
    expect(served(...args)).toEqual(served('--port', '4000', '--config', 'a', '--config', 'b', '--watch'));
  });

  it.each([
    [['--watch=true'], true],
    [['--watch', 'true'], true],
    [['--watch=false'], false],
    [['--watch', 'false', '--config', 'a'], false],
    [['-w', 'false'], false],
    [['--no-watch'], false],
    [['--watch', '--no-watch'], false],
    [['--no-watch', '--watch'], true],
  ] as const)('takes %j for what it says of watching', (args, watch) => {
    expect(served(...args).watch).toBe(watch);
  });

  it.each([
    [['--autoShutdown', '--shutdownDelay', '7'], 7],
    [['--autoShutdown=true', '--shutdownDelay=7'], 7],
    [['--auto-shutdown', 'true', '--shutdown-delay', '7'], 7],
    [['--auto-shutdown=false', '--shutdown-delay', '7'], undefined],
    [['--no-autoShutdown'], undefined],
    [['--no-auto-shutdown'], undefined],
  ] as const)('takes %j for what it says of the end', (args, delayMs) => {
    expect(served(...args).shutdownDelayMs).toBe(delayMs);
  });

  it.each([
    ['2592000000', 2_592_000_000],
    ['10000000000', 10_000_000_000],
    ['1e+15', 1e15],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['1.5', 2],
    ['0.4', 0],
  ])('waits for %s ms', (text, delayMs) => {
    expect(served('--auto-shutdown', '--shutdown-delay', text).shutdownDelayMs).toBe(delayMs);
  });

  it.each(['-1', 'soon', '', 'Infinity', '0x10', '1.'])('refuses the delay %j', (text) => {
    expect(errors('--auto-shutdown', `--shutdown-delay=${text}`)).toHaveLength(1);
  });

  it('guesses and completes no spelling that is only taken', () => {
    expect(errors('--no-wach')).toEqual(['Unknown option --no-wach.']);
    expect(serveOptions().filter((name) => /no-watch|no-auto|[A-Z]/.test(name))).toEqual([]);
  });

  it('leaves alone what follows --', () => {
    expect(errors('--', '-w=true')).toEqual(['Unknown command "-w=true". "mcp-hub --help" lists all commands.']);
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
      '--shutdown-delay "soon" cannot be used: the delay in milliseconds is a number from 0 on.',
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
    expect(errors('--watch=yes')).toEqual(['--watch takes no value.']);
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
    for (const option of ['-p, --port <number>', '-c, --config <file...>', '--host', '-w, --watch', '--version', '--help'])
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
      '--shutdown-delay "-1" cannot be used: the delay in milliseconds is a number from 0 on.',
    ]);
    expect(errors('stdio', 'again')).toEqual(['Unexpected "again" after the command.']);
  });

  it('helps', () => {
    const invocation = parseArgs(['stdio', '--help']);
    expect(invocation.kind === 'help' && invocation.text).toMatch(/^Usage: mcp-hub stdio \[options\][^]*--server <name>/);
  });
});
