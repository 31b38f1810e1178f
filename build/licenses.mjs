import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the licence texts of every bundled package: their licences ask that the notice travels along. */
export function writeLicenses(root, inputs) {
  const packages = new Set(inputs.map((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]).filter(Boolean));
  const texts = [...packages].sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see text'})\n\n${licenseText(join(root, folder))}`;
  });
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-LICENSES.txt'), texts.join(`\n\n${'-'.repeat(80)}\n\n`));
}

/** Packages spell the file's name differently; some carry a notice beside it. */
function licenseText(folder) {
  const names = readdirSync(folder).filter((name) => /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i.test(name));
  const texts = names.sort().map((name) => readFileSync(join(folder, name), 'utf8').trim());
  return texts.length > 0 ? texts.join('\n\n') : '(no licence file in the package)';
}
