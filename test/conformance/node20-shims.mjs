/**
 * Lets the official conformance suite, which asks for Node 22, run on Node 20. Use: `node --import <this file> …`.
 *
 * The one thing that Node 20 lacks is the named import `globSync` of `fs`, which the suite calls with one pattern only
 * (two stars and a file name). On Node 22 and later this file changes nothing.
 */
import * as fs from 'node:fs';
import { register } from 'node:module';

/** The source of a module that is `fs` together with a `globSync` for patterns of the form "two stars and a file name". */
const FS_WITH_GLOB = `
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
export * from 'node:fs';
export { default } from 'node:fs';
export function globSync(pattern, { cwd = '.' } = {}) {
  const name = /^\\*\\*\\/([^*?{}[\\]/]+)$/.exec(pattern)?.[1];
  if (name === undefined) throw new Error('globSync on Node 20 knows **/name only, not ' + pattern);
  return readdirSync(cwd, { recursive: true, encoding: 'utf8' }).filter((file) => basename(file) === name);
}
`;

/** The source of the loader hook that hands that module to whoever imports \`fs\` from the suite. */
const HOOKS = `
const url = 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(FS_WITH_GLOB)});
export async function resolve(specifier, context, next) {
  const fromSuite = context.parentURL?.includes('/@modelcontextprotocol/conformance/') === true;
  if (fromSuite && (specifier === 'fs' || specifier === 'node:fs')) return { url, format: 'module', shortCircuit: true };
  return next(specifier, context);
}
`;

if (!('globSync' in fs)) register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
