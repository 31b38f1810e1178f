import type { RegistryHttp } from './registry-http.ts';
import { addressOf } from './entries.ts';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 512 * 1024;

/**
 * The addresses at which the README of the server may be, likeliest first; none when it is not in a GitHub repository. A
 * server in a folder of a repository has its own there.
 */
export function readmeAddresses(url: string, base: string): readonly string[] {
  const address = addressOf(url.replace(/^git\+/, ''));
  if (!address || !/^(?:www\.)?github\.com$/.test(address.hostname)) return [];
  const [owner, repo, tree, branch = 'HEAD', ...folder] = address.pathname.split('/').filter((part) => part !== '');
  if (!owner || !repo) return [];
  const root = `${base.replace(/\/+$/, '')}/${owner}/${repo.replace(/\.git$/, '')}`;
  const inFolder = tree === 'tree' && folder.length > 0 ? [`${root}/${branch}/${folder.join('/')}/README.md`] : [];
  return [...inFolder, `${root}/HEAD/README.md`, `${root}/HEAD/readme.md`];
}

/** The README of the server whose repository is at `url`; `null` when it has none. @throws HubError MARKETPLACE_ERROR */
export async function fetchReadme(http: RegistryHttp, url: string, base: string, signal: AbortSignal): Promise<string | null> {
  for (const address of readmeAddresses(url, base)) {
    const reply = await http.get(address, { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, signal });
    if (reply.status === 200) return reply.text;
  }
  return null;
}
