import { errorTable, type ErrorKind } from '../src/base/index.ts';

const FAMILIES: Readonly<Record<ErrorKind['family'], string>> = {
  config: 'Configuration',
  request: 'Requests',
  upstream: 'Servers',
  process: 'The process',
  internal: 'The hub itself',
};

/** docs/errors.md, from the table of errors. */
export function errorsPage(): string {
  const sections = Object.entries(FAMILIES).map(([family, title]) => {
    const rows = Object.entries(errorTable)
      .filter(([, kind]) => kind.family === family)
      .map(([code, kind]) => `| \`${code}\` | ${kind.meaning} | ${kind.rpcCode} | ${kind.httpStatus} | ${kind.retryable ? 'yes' : 'no'} |`);
    return `## ${title}\n\n| code | meaning | JSON-RPC | HTTP | may work later |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Errors

<!-- Written by \`npm run generate\` from src/base/errors.ts. -->

Every failure that the hub reports itself has one of these codes. On \`/mcp\` it is a JSON-RPC error with a standard code and the hub's own code
in \`data.code\`; a \`tools/call\` that a server could not take is a result with \`isError\`, the words in its content and the code in
\`_meta["mcp-hub/error"]\`, so that the model can read it. On \`/api\` it is \`{error, code, data, timestamp}\` with the HTTP status. An
error that a server answered itself is passed on as it came: code, message and data.

${sections.join('\n')}`;
}
