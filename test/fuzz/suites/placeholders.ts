import * as fc from 'fast-check';
import { isHubError } from '../../../src/base/index.ts';
import { Placeholders, readHubEnvironment } from '../../../src/config/index.ts';
import { parseTemplate, type Template, unclosedPlaceholder } from '../../../src/config/placeholder-syntax.ts';
import { fields, json, text } from '../arbitraries/values.ts';
import { cases, pure, type Suite } from '../suite.ts';

const NAMES = ['A', 'B', 'C', 'PATH', '__proto__', 'constructor', '', 'env:A', 'cmd:x'] as const;
const name = fc.constantFrom(...NAMES);

/** Templates that nest, that nearly close, and whose values look like templates again. */
const { template } = fc.letrec<{ template: string; part: string }>((tie) => ({
  template: fc.array(tie('part'), { maxLength: 5 }).map((parts) => parts.join('')),
  part: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.oneof(text, name, fc.constantFrom('$', '{', '}', '<', '>', '${', '$<env:', '$<cmd:', ':-', '\\', '${}', '$:', '${/}')),
    fc
      .tuple(fc.constantFrom('', 'env:', 'input:', 'cmd:', 'cmd: ', 'config:', 'file:', 'keyring:'), tie('template'))
      .map(([kind, inner]) => `\${${kind}${inner}}`),
    fc.tuple(fc.constantFrom('env:', 'input:', 'cmd:', 'other:'), tie('template')).map(([kind, inner]) => `$<${kind}${inner}>`),
    fc.tuple(name, tie('template')).map(([of, inner]) => `\${${of}:-${inner}}`),
  ),
}));
const wide = fc.oneof(
  { weight: 9, arbitrary: template },
  { weight: 1, arbitrary: fc.tuple(template, fc.nat({ max: 300 })).map(([one, times]) => one.slice(0, 50).repeat(times)) },
);
const environment = fc.dictionary(name, wide, { maxKeys: 5 });

const input = fc.record({
  source: wide,
  /** Of the server; `null` takes the value from outside. */
  own: fc.dictionary(name, fc.oneof(wide, fc.constant(null)), { maxKeys: 4 }),
  outside: environment,
  hubEnv: fc.oneof(
    fc
      .dictionary(fc.oneof(name, fc.constantFrom('input:A', 'input:__proto__', 'input:')), wide, { maxKeys: 4 })
      .map((value) => JSON.stringify(value)),
    fields({ A: json, 'input:A': json }).map((value) => JSON.stringify(value)),
    json.map((value) => JSON.stringify(value)),
    text,
  ),
});

const EXPECTED = ['PLACEHOLDER_ERROR', 'CONFIG_ERROR'] as const;

async function quietly(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!EXPECTED.some((code) => isHubError(error, code))) throw error;
  }
}

function textOf(parsed: Template): string {
  return parsed.map((part) => (typeof part === 'string' ? part : part.raw)).join('');
}

/** A template loses nothing of its text, and without commands a resolution ends in a text or in an error that says why. */
const check = cases(input, async ({ source, own, outside, hubEnv }) => {
  try {
    if (textOf(parseTemplate(source)) !== source) throw new Error('A template lost a piece of its text.');
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NestingError') throw error;
  }
  unclosedPlaceholder(source);
  const { signal } = new AbortController();
  await quietly(async () => {
    const env = { ...outside, MCP_HUB_ENV: hubEnv };
    const context = {
      serverId: 'srv',
      env,
      hubEnv: readHubEnvironment(env),
      cwd: '/',
      signal,
      commandTimeoutMs: 1_000,
      skipCommands: true,
    };
    const placeholders = new Placeholders(context, own);
    await quietly(() => placeholders.env());
    await quietly(() => placeholders.text(source, 'args[0]'));
    await quietly(() => placeholders.argument(source, 'args[0]'));
  });
});

async function alive(): Promise<void> {
  const env = { A: 'a' };
  const { signal } = new AbortController();
  const context = { serverId: 'srv', env, hubEnv: readHubEnvironment(env), cwd: '/', signal, commandTimeoutMs: 1_000, skipCommands: true };
  if ((await new Placeholders(context, {}).text('x${A}', 'url')) !== 'xa') throw new Error('A plain placeholder is not resolved.');
}

export const placeholders: Suite = { name: 'placeholders', start: pure(check, alive) };
