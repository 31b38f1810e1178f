import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleSource } from '../support/bundle-source.ts';

const bundle = bundleSource('src/cli/main.ts');
afterAll(() => bundle.remove());

/** What bin/mcp-hub.js does; `node -e` leaves out the script's name in argv, the bundle's path stands there instead. */
const start = 'import(process.argv[1]).then(({ main }) => main(process));';

function mcpHub(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', start, bundle.file, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('main', () => {
  it.each([[['--version']], [['-V']], [['--port', '1', '--version', '--nonsense']]])('prints the version for %j', (args) => {
    expect(mcpHub(...args)).toEqual({ status: 0, stdout: '9.8.7\n', stderr: '' });
  });

  it('prints help', () => {
    const { status, stdout, stderr } = mcpHub('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: mcp-hub \[serve\] \[options\]/);
  });

  it('ends with 1 for wrong arguments, all of them told on stderr', () => {
    const { status, stdout, stderr } = mcpHub('--prot', '1', '--port', 'x');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      'error: Unknown option --prot. Did you mean --port?\n' +
        'error: --port "x" cannot be used: a port is a whole number from 0 to 65535.\n' +
        'Run "mcp-hub --help" for all options. Nothing was started.\n',
    );
  });

  it.each([
    [['help', 'status'], /^Usage: mcp-hub status /],
    [['status', '--help'], /^Usage: mcp-hub status /],
    [['serve', '--help'], /\nExamples:\n/],
    [['help', 'stdio'], /^Usage: mcp-hub stdio /],
    [['help'], /^Usage: mcp-hub \[serve\]/],
  ])('helps for %j', (args, text) => {
    expect(mcpHub(...args)).toEqual({ status: 0, stdout: expect.stringMatching(text), stderr: '' });
  });

  it.each([
    [['help', 'statsu'], 'Unknown command "statsu". Did you mean status?'],
    [['statsu'], 'Unknown command "statsu". Did you mean status?'],
    [['--port', '3', 'status'], 'Write the command first: mcp-hub status …'],
    [['status', '--prot', '3'], 'Unknown option --prot. Did you mean --port?'],
  ])('tells what is wrong with %j', (args, words) => {
    expect(mcpHub(...args)).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining(`error: ${words}\n`) });
  });

  it.each([[['statsu', '--json']], [['status', '--prot', '3', '--json']], [['--json', 'call']]])('tells it as JSON for %j', (args) => {
    const { status, stdout, stderr } = mcpHub(...args);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ error: expect.stringMatching(/./), code: 'USAGE', data: { errors: expect.any(Array) } });
  });

  it.each([['--version'], ['--help'], ['help status'], ['status --help'], ['completion bash'], ['nonsense --json']])(
    'ends quietly when nobody reads: %s',
    (line) => {
      // The reader is gone before anything is written.
      const script = `(sleep 0.2; "$0" -e '${start}' "$1" ${line}; echo "ended with $?" >&2) | true`;
      const { stderr } = spawnSync('bash', ['-c', script, process.execPath, bundle.file], { encoding: 'utf8' });
      expect(stderr).toBe(`ended with ${line.startsWith('nonsense') ? 1 : 0}\n`);
    },
  );

  it.runIf(existsSync('/dev/full'))('says so when the output is lost', () => {
    const script = `"$0" -e '${start}' "$1" completion bash > /dev/full`;
    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, bundle.file], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 3, stderr: 'error: The output cannot be written (ENOSPC).\n' });
  });

  it('loads neither the hub nor any library for --version', () => {
    expect([...loadedWith('main.mjs')]).toEqual(['src/cli/main.ts']);
  });

  it('does not load the hub for --help', () => {
    const run = Object.entries(bundle.metafile.outputs).find(([, output]) => output.entryPoint === 'src/cli/run.ts')?.[0] ?? '';
    const inputs = [...loadedWith(run.replace(/^.*\//, ''))];
    expect(inputs).toContain('src/cli/args.ts');
    expect(inputs.filter((input) => input.startsWith('src/hub/') || input.includes('winston'))).toEqual([]);
  });
});

describe('stdio and the commands for a hub that runs', () => {
  it.each(['stdio', 'status', 'call', 'logs', 'complete', 'add'])('%s loads nothing of the hub but the way to find one', (name) => {
    const inputs = [...loadedWith(outputOf(`src/cli/commands/${name}.ts`))];
    expect(inputs).toContain('src/hub/workspaces.ts');
    expect(
      inputs.filter((input) =>
        /express|winston|cross-spawn|chokidar|zod|src\/(?:http|downstream|gateway|upstream|catalog)\/|src\/hub\/hub\.ts/.test(input),
      ),
    ).toEqual([]);
  });

  it('are loaded when they are used', () => {
    const inputs = [...loadedWith(outputOf('src/cli/run.ts'))];
    expect(inputs.filter((input) => /^src\/cli\/(?:commands|run-command|parse-command|api-)/.test(input))).toEqual([]);
  });
});

/** The name of the file of the bundle that begins with this source. */
function outputOf(source: string): string {
  const [path = ''] = Object.entries(bundle.metafile.outputs).find(([, output]) => output.entryPoint === source) ?? [];
  return path.replace(/^.*\//, '');
}

/** The sources that a file of the bundle loads at once, that is without its dynamic imports. */
function loadedWith(name: string, seen = new Set<string>()): Set<string> {
  const output = Object.entries(bundle.metafile.outputs).find(([path]) => path.endsWith(`/${name}`))?.[1];
  if (!output) throw new Error(`The bundle has no ${name}.`);
  for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) if (bytesInOutput > 0) seen.add(input);
  for (const { path, kind } of output.imports)
    if (kind === 'import-statement' && path.endsWith('.mjs')) loadedWith(path.replace(/^.*\//, ''), seen);
  return seen;
}
