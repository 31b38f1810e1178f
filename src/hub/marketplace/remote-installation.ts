import { addressOf, type Installation, objectsOf, textOf } from './entries.ts';
import { Inputs } from './inputs.ts';

type Json = Readonly<Record<string, unknown>>;

const titles: Readonly<Record<string, string>> = { 'streamable-http': 'Remote', sse: 'Remote (SSE)' };

/** The entry for one remote of a server.json; a text says why the hub cannot use it. */
export function remoteInstallation(value: Json): Installation | string {
  const type = textOf(value['type']) ?? '';
  const address = textOf(value['url']);
  const title = Object.hasOwn(titles, type) ? titles[type] : undefined;
  if (address === undefined) return 'A remote without an address.';
  if (title === undefined) return `The remote ${address} of the kind ${JSON.stringify(type)}, which this hub does not know.`;
  if (!/^https?:\/\//i.test(address) && !address.startsWith('{')) return `The remote ${address}: its address is neither http nor https.`;

  const inputs = new Inputs();
  const url = inputs.template(address, value['variables'], { required: true });
  const headers = Object.fromEntries(
    objectsOf(value['headers']).flatMap((item): [string, string][] => {
      const name = textOf(item['name']);
      return name === undefined ? [] : [[name, inputs.text(item, name)]];
    }),
  );
  const config = { type, url, ...(Object.keys(headers).length > 0 && { headers }) };
  return {
    name: title,
    description: `Hosted at ${addressOf(address.replace(/[{}]/g, ''))?.host ?? address}`,
    config: JSON.stringify(config, null, 2),
    parameters: inputs.parameters,
    transports: [type],
  };
}
