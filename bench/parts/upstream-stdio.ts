/**
 * The same server over stdio, one JSON message per line, in the legacy era.
 *
 * Usage: `upstream-stdio [milliseconds that it takes for its handshake]`
 */
import { answer } from './mcp-answers.ts';

const handshakeMs = Number(process.argv[2] ?? 0);
let parts: string[] = [];
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  parts.push(chunk);
  if (!chunk.includes('\n')) return;
  const lines = parts.join('').split('\n');
  parts = [lines.pop() ?? ''];
  let out = '';
  for (const line of lines) {
    if (line === '') continue;
    const message = JSON.parse(line);
    const body = answer(message, 'legacy');
    if (body === undefined) continue;
    if (handshakeMs > 0 && message.method === 'initialize') setTimeout(() => process.stdout.write(`${body}\n`), handshakeMs);
    else out += `${body}\n`;
  }
  if (out !== '') process.stdout.write(out);
});
process.stdin.on('end', () => process.exit());
