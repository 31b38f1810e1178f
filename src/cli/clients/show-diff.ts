import { maskedDiff } from '../../config/index.ts';
import { paintDiff } from '../paint-diff.ts';
import type { Style } from '../style.ts';
import { isRecord } from './client.ts';

/**
 * What changes in a file, as a unified diff. Keys are masked: the lines around a change are nobody else's business.
 *
 * @param documents what the texts say
 */
export async function showDiff(file: string, before: string, after: string, documents: readonly unknown[], style: Style): Promise<string> {
  return paintDiff(await maskedDiff(file, before, after, documents.flatMap(entriesIn)), style);
}

/** Every object of a document as if it were an entry of the hub: each client has its own words for what may be secret. */
function entriesIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(entriesIn);
  if (!isRecord(value)) return [];
  const { env, environment, headers, http_headers: httpHeaders, url, serverUrl, httpUrl, command, args, ...rest } = value;
  const address = url ?? serverUrl ?? httpUrl;
  const entry = {
    ...rest,
    env: env ?? environment,
    headers: headers ?? httpHeaders,
    url: address,
    args: Array.isArray(command) ? command : args,
  };
  return [entry, ...Object.values(value).flatMap(entriesIn)];
}
