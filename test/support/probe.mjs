// Loaded into a hub under test by `node --import`. SIGUSR2 collects garbage and writes what the process holds, as JSON, to
// the file that HUB_PROBE names; warnings of Node (too many listeners) are counted.
import { renameSync, writeFileSync } from 'node:fs';

const file = process.env.HUB_PROBE;
delete process.env.HUB_PROBE;
const warnings = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));

let count = 0;
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  count += 1;
  writeFileSync(`${file}.new`, JSON.stringify({ count, heapUsed, external, rss, resources, warnings }));
  renameSync(`${file}.new`, file);
});
