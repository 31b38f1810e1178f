import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Diagnostic, formatDiagnostic, type HubConfig } from '../../config/index.ts';
import { type CheckOptions, checkConfig } from '../check-config.ts';
import type { Machine } from '../clients/client.ts';
import { findProgram } from '../clients/find-program.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Where programs come from that servers are often started with. */
const sources: readonly (readonly [RegExp, string])[] = [
  [/^npx$|^node$/, 'Install Node.js (https://nodejs.org), or start the hub from a shell that has it in PATH.'],
  [/^uvx?$/, 'Install uv (https://docs.astral.sh/uv), or start the hub from a shell that has it in PATH.'],
  [/^docker$|^podman$/, 'Install Docker or Podman, or start the hub from a shell that has it in PATH.'],
  [/^bunx?$/, 'Install Bun (https://bun.sh), or start the hub from a shell that has it in PATH.'],
];

/** The config files, what is wrong in them, and whether the programs they name are there. */
export async function configFindings(options: CheckOptions, machine: Machine): Promise<readonly Finding[]> {
  const names = options.files.length > 0 ? options.files : [options.defaultFile];
  const { config, diagnostics } = await checkConfig(options);
  const isBroken = (name: string): boolean => diagnostics.some(({ file, severity }) => file === name && severity === 'error');
  const found = await Promise.all(names.map(async (name) => ({ name, findings: await fileFindings(name, machine) })));
  // That a file is not there is told with the files.
  const absent = found.filter(({ findings }) => findings.some(({ level }) => level === 'warn')).map(({ name }) => name);
  const isAbsence = ({ file, keyPath }: Diagnostic): boolean => keyPath === '' && absent.includes(file);
  // What is wrong with it is told next.
  const files = found.flatMap(({ name, findings }) => findings.filter(({ level }) => level !== 'ok' || !isBroken(name)));
  return [...files, ...diagnostics.filter((one) => !isAbsence(one)).map(asFinding), ...(await programFindings(config, machine))];
}

async function fileFindings(name: string, { cwd }: Machine): Promise<readonly Finding[]> {
  const path = resolve(cwd, name);
  const found = await stat(path).catch(() => undefined);
  if (!found)
    return [
      warn(
        'config',
        `${name} is not there, so no server comes from it.`,
        'Create it with "mcp-hub add" or "mcp-hub import", or name another one with --config.',
      ),
    ];
  if (!found.isFile()) return [fail('config', `${name} is not a file.`, 'Name the config file itself with --config.')];
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return [fail('config', `${name} cannot be read.`, `Give yourself the right to: chmod u+r ${name}`)];
  return [ok('config', name)];
}

function asFinding(diagnostic: Diagnostic): Finding {
  const text = formatDiagnostic({ ...diagnostic, hint: '' })
    .trimEnd()
    .replace(/ \.$/, '');
  const remedy = diagnostic.hint ?? 'Correct it in the file; "mcp-hub validate" checks it again.';
  return diagnostic.severity === 'error' ? fail('config', text, remedy) : warn('config', text, remedy);
}

async function programFindings(config: HubConfig | undefined, machine: Machine): Promise<readonly Finding[]> {
  const users = new Map<string, string[]>();
  for (const server of config?.servers ?? []) {
    // What holds a placeholder is known at the start only.
    if (server.kind !== 'stdio' || server.disabled || /\$[{<]/.test(server.command)) continue;
    users.set(server.command, [...(users.get(server.command) ?? []), server.id]);
  }
  const findings: Finding[] = [];
  for (const [command, servers] of users) {
    const path = await findProgram(command, machine);
    if (path !== undefined) findings.push(ok('command', `${command} is ${path}`));
    else findings.push(fail('command', `${command} is not found; needed by ${servers.join(', ')}.`, remedyFor(command)));
  }
  return findings;
}

function remedyFor(command: string): string {
  return sources.find(([pattern]) => pattern.test(command))?.[1] ?? 'Install it, or give the full path as "command".';
}
