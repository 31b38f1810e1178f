import { describe, expect, it } from 'vitest';
import { officialEntry } from '../../../src/hub/marketplace/official-entry.ts';

const server = (more: object) => ({ server: { name: 'io.github.someone/thing', description: 'A thing', version: '1.2.3', ...more } });
const installations = (more: object) =>
  officialEntry(server(more))?.installations.map(({ config, ...rest }) => ({ ...rest, config: JSON.parse(config) as unknown })) ?? [];
const npm = { registryType: 'npm', identifier: '@example/thing', version: '1.2.3', transport: { type: 'stdio' } };

describe('an entry of the official registry', () => {
  it('has the fields of the list', () => {
    const value = {
      ...server({
        title: 'The Thing',
        repository: { url: 'https://github.com/someone/thing.git', source: 'github', subfolder: 'packages/a' },
      }),
      _meta: {
        'io.modelcontextprotocol.registry/official': {
          status: 'active',
          publishedAt: '2025-01-01T00:00:00Z',
          updatedAt: '2025-02-01T00:00:00Z',
        },
      },
    };
    expect(officialEntry(value)).toEqual({
      id: 'io.github.someone/thing',
      name: 'The Thing',
      description: 'A thing',
      author: 'someone',
      url: 'https://github.com/someone/thing/tree/HEAD/packages/a',
      category: '',
      tags: ['official'],
      installations: [],
      registryName: 'io.github.someone/thing',
      version: '1.2.3',
      lastCommit: 1_738_368_000,
      updatedAt: 1_738_368_000,
    });
  });

  it('is none when it is deleted or has no name', () => {
    const meta = (status: string) => ({ _meta: { 'io.modelcontextprotocol.registry/official': { status } } });
    expect(officialEntry({ ...server({}), ...meta('deleted') })).toBeUndefined();
    expect(officialEntry({ ...server({}), ...meta('deprecated') })?.tags).toContain('deprecated');
    expect(officialEntry({ server: {} })).toBeUndefined();
    expect(officialEntry('x')).toBeUndefined();
  });
});

describe('a package', () => {
  it.each([
    ['npm', npm, 'npx', ['-y', '@example/thing@1.2.3']],
    ['npm with -y of its own', { ...npm, runtimeArguments: [{ type: 'named', name: '-y' }] }, 'npx', ['-y', '@example/thing@1.2.3']],
    ['npm by bunx', { ...npm, runtimeHint: 'bunx' }, 'bunx', ['@example/thing@1.2.3']],
    [
      'npm elsewhere',
      { ...npm, registryBaseUrl: 'https://npm.example.com' },
      'npx',
      ['-y', '--registry=https://npm.example.com', '@example/thing@1.2.3'],
    ],
    ['npm without a version', { ...npm, version: undefined }, 'npx', ['-y', '@example/thing']],
    ['pypi', { registryType: 'pypi', identifier: 'thing', version: '2.0' }, 'uvx', ['thing@2.0']],
    ['pypi by pipx', { registryType: 'pypi', identifier: 'thing', version: '2.0', runtimeHint: 'pipx' }, 'pipx', ['run', 'thing==2.0']],
    ['oci', { registryType: 'oci', identifier: 'docker.io/some/thing:1.0' }, 'docker', ['run', '-i', '--rm', 'docker.io/some/thing:1.0']],
    [
      'oci with a tag of its own',
      { registryType: 'oci', identifier: 'some/thing', version: '1.0' },
      'docker',
      ['run', '-i', '--rm', 'some/thing:1.0'],
    ],
    [
      'oci elsewhere',
      { registryType: 'oci', identifier: 'some/thing', version: '1.0', registryBaseUrl: 'https://ghcr.io' },
      'docker',
      ['run', '-i', '--rm', 'ghcr.io/some/thing:1.0'],
    ],
    ['nuget', { registryType: 'nuget', identifier: 'Some.Thing', version: '1.0' }, 'dnx', ['Some.Thing@1.0', '--yes']],
    [
      'nuget with arguments',
      { registryType: 'nuget', identifier: 'Some.Thing', packageArguments: [{ type: 'positional', value: 'start' }] },
      'dnx',
      ['Some.Thing', '--yes', '--', 'start'],
    ],
  ])('of %s', (_, value, command, args) => {
    expect(installations({ packages: [value] })).toMatchObject([{ config: { command, args }, parameters: [], transports: ['stdio'] }]);
  });

  it('asks for its arguments', () => {
    const packageArguments = [
      { type: 'positional', value: 'serve' },
      { type: 'positional', valueHint: 'target_dir', description: 'Where', isRequired: true, isRepeated: true },
      { type: 'named', name: '--port', format: 'number', default: '8080' },
      { type: 'named', name: '--verbose' },
      { type: 'named', name: '--mode=', choices: ['a', 'b'] },
      {
        type: 'named',
        name: '--mount',
        value: 'src={source},dst={other},x={none}',
        variables: { source: { isRequired: true, format: 'filepath' }, other: { value: '/data' } },
      },
    ];
    expect(installations({ packages: [{ ...npm, packageArguments }] })).toMatchObject([
      {
        config: {
          args: [
            '-y',
            '@example/thing@1.2.3',
            'serve',
            '${target_dir}',
            '--port',
            '${PORT}',
            '--verbose',
            '--mode=${MODE}',
            '--mount',
            'src=${SOURCE},dst=/data,x={none}',
          ],
        },
        parameters: [
          { key: 'target_dir', name: 'target_dir', description: 'Where', required: true, repeated: true },
          { key: 'PORT', required: false, default: '8080', placeholder: '8080', format: 'number', flag: '--port' },
          { key: 'MODE', required: false, choices: ['a', 'b'] },
          { key: 'SOURCE', required: true, format: 'filepath', flag: '--mount' },
        ],
      },
    ]);
  });

  it('asks for its variables, and hands them into a container', () => {
    const environmentVariables = [
      { name: 'API_KEY', description: 'Key', isRequired: true, isSecret: true },
      { name: 'LEVEL', default: 'info', choices: ['info', 'debug'] },
      { name: 'FIXED', value: 'yes' },
      { name: 'AUTH', value: 'Bearer {token}', variables: { token: { isSecret: true } } },
    ];
    const oci = { registryType: 'oci', identifier: 'some/thing:1', environmentVariables };
    expect(installations({ packages: [oci] })).toMatchObject([
      {
        name: 'Docker',
        prerequisites: ['Docker'],
        config: {
          args: ['run', '-i', '--rm', '-e', 'API_KEY', '-e', 'LEVEL', '-e', 'FIXED', '-e', 'AUTH', 'some/thing:1'],
          env: { API_KEY: '${API_KEY}', LEVEL: '${LEVEL}', FIXED: 'yes', AUTH: 'Bearer ${TOKEN}' },
        },
        parameters: [
          { key: 'API_KEY', description: 'Key', required: true, secret: true },
          { key: 'LEVEL', required: false, default: 'info', choices: ['info', 'debug'] },
          { key: 'TOKEN', required: false, secret: true },
        ],
      },
    ]);
  });

  it('that the hub cannot run is told, not listed', () => {
    const packages = [
      { registryType: 'mcpb', identifier: 'https://example.com/a.mcpb' },
      { registryType: 'cargo', identifier: 'thing' },
      { ...npm, transport: { type: 'streamable-http', url: 'http://localhost:{port}/mcp' } },
    ];
    const entry = officialEntry(server({ packages }));
    expect(entry?.installations).toEqual([]);
    expect(entry?.notInstallable).toEqual([
      expect.stringContaining('a.mcpb'),
      expect.stringContaining('"cargo"'),
      expect.stringContaining('streamable-http'),
    ]);
  });
});

describe('a remote', () => {
  it('has its address, headers and variables', () => {
    const remotes = [
      {
        type: 'streamable-http',
        url: 'https://{region}.example.com/mcp',
        variables: { region: { description: 'Where', choices: ['eu', 'us'], default: 'eu' } },
        headers: [
          { name: 'X-API-Key', isRequired: true, isSecret: true },
          { name: 'X-Fixed', value: '1' },
        ],
      },
      { type: 'sse', url: 'https://example.com/sse' },
    ];
    expect(installations({ remotes, packages: [npm] })).toMatchObject([
      {
        name: 'Remote',
        config: {
          type: 'streamable-http',
          url: 'https://${REGION}.example.com/mcp',
          headers: { 'X-API-Key': '${X_API_KEY}', 'X-Fixed': '1' },
        },
        parameters: [
          { key: 'REGION', name: 'region', required: true, default: 'eu', choices: ['eu', 'us'] },
          { key: 'X_API_KEY', name: 'X-API-Key', required: true, secret: true },
        ],
        transports: ['streamable-http'],
      },
      { name: 'Remote (SSE)', config: { type: 'sse', url: 'https://example.com/sse' }, parameters: [] },
      { name: 'npx' },
    ]);
  });

  it('is not taken from an address that is not http', () => {
    expect(officialEntry(server({ remotes: [{ type: 'sse', url: 'file:///etc/passwd' }] }))?.installations).toEqual([]);
  });

  it('gets keys of its own where two inputs share a name', () => {
    const headers = [
      { name: 'A', value: '{key}', variables: { key: { description: 'one' } } },
      { name: 'B', value: '{key}', variables: { key: { description: 'two' } } },
      { name: 'C', value: '{key}', variables: { key: { description: 'one' } } },
    ];
    expect(installations({ remotes: [{ type: 'sse', url: 'https://example.com', headers }] })).toMatchObject([
      { config: { headers: { A: '${KEY}', B: '${KEY_2}', C: '${KEY}' } }, parameters: [{ key: 'KEY' }, { key: 'KEY_2' }] },
    ]);
  });
});
