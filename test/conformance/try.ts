import { bundleSource } from '../support/bundle-source.ts';
import { clientScenarios, REVISIONS, runClientScenario } from './suite.ts';
const [pattern = '', ...roads] = process.argv.slice(2);
const all = (await Promise.all(REVISIONS.map(clientScenarios))).flat().filter(({ name, revision }) => new RegExp(pattern).test(`${name} ${revision}`));
const wrapper = bundleSource('test/conformance/client/wrapper.ts');
const work = all.flatMap((s) => (roads.length ? roads : ['legacy server']).map((road) => ({ s, road })));
await Promise.all([1, 2, 3, 4].map(async () => {
  for (let next = work.shift(); next; next = work.shift()) {
    const r = await runClientScenario(`"${process.execPath}" "${wrapper.file}" ${next.road}`, next.s);
    console.log(next.s.revision, next.s.name, next.s.notScored ?? '', next.road, `${r.passed}/${r.passed + r.failed}`, r.complaints.join('; '));
  }
}));
wrapper.remove();
