import type { Fields } from '../src/config/types.ts';
import { INHERITED_ON_WINDOWS, INHERITED_VARIABLES } from '../src/upstream/process/child-environment.ts';
import { tables } from './config-schema.ts';

/** docs/configuration.md: the prose of build/configuration.template.md with the tables of the schema in it. */
export function configPage(template: string): string {
  const parts: Record<string, string> = {
    ...Object.fromEntries(Object.entries(tables).map(([name, fields]) => [name, fieldTable(fields)])),
    inherited: Object.entries(INHERITED_VARIABLES)
      .map(([group, names]) => `- ${group}: ${codes(names)}`)
      .join('\n'),
    inheritedOnWindows: codes(INHERITED_ON_WINDOWS),
  };
  return template.replace(/^\{\{(\w+)\}\}$/gm, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`build/configuration.template.md asks for an unknown part: ${name}`);
    return part;
  });
}

function fieldTable(fields: Fields): string {
  const rows = Object.entries(fields).map(([key, { type, about, default: value }]) => {
    const shown = value === undefined ? '' : `\`${JSON.stringify(value)}\``;
    return `| \`${key}\` | ${type.words} | ${shown} | ${about} |`;
  });
  return ['| Key | Value | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
