// Loaded into the hub under test by `node --import`. SIGUSR2 collects garbage and writes what the process holds, as JSON, to
// the file that SOAK_PROBE names; warnings of Node (too many listeners) are counted.
import { renameSync, writeFileSync } from 'node:fs';

const file = process.env.SOAK_PROBE;
delete process.env.SOAK_PROBE;
const warnings = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));

let count = 0;
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  count += 1;
  writeFileSync(`${file}.new`, JSON.stringify({ count, heapUsed, external, handles: process.getActiveResourcesInfo().length, warnings }));
  renameSync(`${file}.new`, file);
});
