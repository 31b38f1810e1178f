/** The same server over stdio, one JSON message per line, in the legacy era. */
import { answer } from './mcp-answers.ts';

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  let out = '';
  for (const line of lines) {
    const body = line === '' ? undefined : answer(JSON.parse(line), 'legacy');
    if (body !== undefined) out += `${body}\n`;
  }
  if (out !== '') process.stdout.write(out);
});
process.stdin.on('end', () => process.exit());
