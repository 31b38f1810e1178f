import { addressOf, flagOf, type Installation, objectsOf, type Parameter, textOf } from './entries.ts';
import { Inputs } from './inputs.ts';

type Json = Readonly<Record<string, unknown>>;

/** What runs the packages of one registry type. */
interface Runner {
  readonly title: string;
  readonly prerequisite: string;
  /** Command and arguments up to and including the package. */
  line(pack: Package): readonly string[];
}

interface Package {
  readonly identifier: string;
  readonly version: string | undefined;
  readonly baseUrl: string | undefined;
  readonly hint: string | undefined;
  /** The runtime's own arguments. */
  readonly runtimeArgs: readonly string[];
  /** The names of the environment variables. */
  readonly env: readonly string[];
  readonly hasPackageArgs: boolean;
}

const at = ({ identifier, version }: Package): string => (version ? `${identifier}@${version}` : identifier);

const isDefault = (url: string | undefined, host: string): boolean => url === undefined || addressOf(url)?.hostname === host;

const runners: Readonly<Record<string, Runner>> = {
  npm: {
    title: 'npx',
    prerequisite: 'Node.js (npx)',
    line: (pack) => {
      const command = pack.hint ?? 'npx';
      const given = pack.runtimeArgs;
      const yes = command === 'npx' && !given.includes('-y') && !given.includes('--yes') ? ['-y'] : [];
      const registry = isDefault(pack.baseUrl, 'registry.npmjs.org') ? [] : [`--registry=${pack.baseUrl}`];
      return [command, ...yes, ...registry, ...given, at(pack)];
    },
  },
  pypi: {
    title: 'uvx',
    prerequisite: 'uv (uvx)',
    line: (pack) => {
      const command = pack.hint ?? 'uvx';
      if (command === 'pipx')
        return ['pipx', 'run', ...pack.runtimeArgs, pack.version ? `${pack.identifier}==${pack.version}` : pack.identifier];
      const index = isDefault(pack.baseUrl, 'pypi.org') ? [] : ['--index-url', `${pack.baseUrl}`];
      return [command, ...(command === 'uvx' ? index : []), ...pack.runtimeArgs, command === 'python' ? pack.identifier : at(pack)];
    },
  },
  oci: {
    title: 'Docker',
    prerequisite: 'Docker',
    line: (pack) => {
      const given = pack.runtimeArgs[0] === 'run' ? pack.runtimeArgs.slice(1) : pack.runtimeArgs;
      const base = ['-i', '--rm'].filter((flag) => !given.includes(flag));
      return [pack.hint ?? 'docker', 'run', ...base, ...pack.env.flatMap((name) => ['-e', name]), ...given, image(pack)];
    },
  },
  nuget: {
    title: 'dnx',
    prerequisite: '.NET 10 SDK (dnx)',
    line: (pack) => {
      const source = isDefault(pack.baseUrl, 'api.nuget.org') ? [] : ['--source', `${pack.baseUrl}`];
      const yes = pack.runtimeArgs.includes('--yes') ? [] : ['--yes'];
      return [pack.hint ?? 'dnx', at(pack), ...yes, ...source, ...pack.runtimeArgs, ...(pack.hasPackageArgs ? ['--'] : [])];
    },
  },
};

/** `docker.io/owner/image:1.0` is complete; older entries have host and tag in fields of their own. */
function image({ identifier, version, baseUrl }: Package): string {
  const host = isDefault(baseUrl, 'docker.io') ? undefined : addressOf(`${baseUrl}`)?.host;
  const [first = ''] = identifier.split('/', 1);
  const isQualified = identifier.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const name = host && !isQualified ? `${host}/${identifier}` : identifier;
  const isTagged = name.includes('@') || (name.split('/').at(-1) ?? '').includes(':');
  return isTagged || !version ? name : `${name}:${version}`;
}

/** The entry for one package of a server.json; a text says why the hub cannot run it. */
export function packageInstallation(value: Json): Installation | string {
  const type = textOf(value['registryType']) ?? '';
  const identifier = textOf(value['identifier']);
  const runner = Object.hasOwn(runners, type) ? runners[type] : undefined;
  if (identifier === undefined) return 'A package without an identifier.';
  if (type === 'mcpb') return `The bundle ${identifier}: unpack it and add what its manifest.json says as a server of your own.`;
  if (!runner) return `The package ${identifier} of the kind ${JSON.stringify(type)}, which this hub does not know.`;
  const transport = transportOf(value);
  if (transport !== 'stdio') return `The package ${identifier} serves ${transport}: start it yourself and add its address as "url".`;

  const inputs = new Inputs();
  const runtimeArgs = argumentsOf(value['runtimeArguments'], inputs);
  const env = environmentOf(value['environmentVariables'], inputs);
  const packageArgs = argumentsOf(value['packageArguments'], inputs);
  const pack: Package = {
    identifier,
    version: versionOf(value),
    baseUrl: textOf(value['registryBaseUrl']),
    hint: textOf(value['runtimeHint']),
    runtimeArgs,
    env: Object.keys(env),
    hasPackageArgs: packageArgs.length > 0,
  };
  const [command, ...args] = [...runner.line(pack), ...packageArgs];
  const config = { command, args, ...(Object.keys(env).length > 0 && { env }) };
  return {
    name: runner.title,
    description: `${type} package ${identifier}`,
    config: JSON.stringify(config, null, 2),
    prerequisites: [runner.prerequisite],
    parameters: inputs.parameters,
    transports: ['stdio'],
  };
}

function transportOf(value: Json): string {
  const { transport } = value;
  const isGiven = typeof transport === 'object' && transport !== null && 'type' in transport;
  return (isGiven ? textOf(transport.type) : undefined) ?? 'stdio';
}

/** "latest" is what a package without a version gets anyway. */
function versionOf(value: Json): string | undefined {
  const version = textOf(value['version']);
  return version === 'latest' ? undefined : version;
}

function environmentOf(value: unknown, inputs: Inputs): Readonly<Record<string, string>> {
  const pairs = objectsOf(value).flatMap((item): [string, string][] => {
    const name = textOf(item['name']);
    return name === undefined ? [] : [[name, inputs.text(item, name)]];
  });
  return Object.fromEntries(pairs);
}

function argumentsOf(value: unknown, inputs: Inputs): readonly string[] {
  return objectsOf(value).flatMap((item) => (item['type'] === 'named' ? named(item, inputs) : positional(item, inputs)));
}

function positional(item: Json, inputs: Inputs): string[] {
  const name = textOf(item['valueHint']) ?? textOf(item['name']) ?? 'ARGUMENT';
  return [inputs.text(item, name, repeated(item))];
}

/** A named argument is a bare flag when nothing about it speaks of a value. */
function named(item: Json, inputs: Inputs): string[] {
  const flag = textOf(item['name']);
  if (flag === undefined) return [];
  const speaks = ['value', 'default', 'isRequired', 'format', 'choices', 'placeholder', 'valueHint', 'isSecret', 'variables'];
  if (!speaks.some((key) => item[key] !== undefined)) return [flag];
  if (item['value'] === '') return [flag];
  const name = textOf(item['valueHint']) ?? flag.replace(/^-+|=$/g, '');
  if (flag.endsWith('=')) return [`${flag}${inputs.text(item, name, repeated(item))}`];
  return [flag, inputs.text(item, name, { ...repeated(item), flag })];
}

function repeated(item: Json): Partial<Parameter> {
  return flagOf(item['isRepeated']) === true ? { repeated: true } : {};
}
