/** The yardstick for the first list: `node:http`, and a list that is ready as a file. Usage: `bare-list <port> <file>`. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, file = ''] = process.argv.slice(2);

createServer((req, res) => {
  req.resume();
  req.on('end', () => res.writeHead(200, { 'content-type': 'application/json' }).end(readFileSync(file)));
}).listen(Number(port), '127.0.0.1');
