/** The yardstick for lists: `node:http`, and a list that is ready as a file. Usage: `bare-list <port, 0 for any> <file>`. */
import { readFileSync } from 'node:fs';
import { serve } from './serve.ts';

const [port, file = ''] = process.argv.slice(2);
let list: Buffer | undefined;

serve((req, res) => {
  req.resume();
  req.on('end', () => {
    list ??= readFileSync(file);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': list.length }).end(list);
  });
}, Number(port));
