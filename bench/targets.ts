import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Case, type Era, LIST_SERVERS, LIST_TOOLS_EACH } from './cases.ts';
import { firstList } from './first-request.ts';
import { hubVersion, startHub } from './hub-process.ts';
import { lazy } from './lazy.ts';
import type { Target } from './measure.ts';
import { startNginx } from './nginx.ts';
import type { Payload } from './parts/plan.ts';
import { startPeer } from './peer-start.ts';
import { type Peer, PEERS } from './peers.ts';
import type { Processes, Served } from './processes.ts';

export interface TargetOptions {
  /** Where the hub's CPU profile goes. */
  readonly profile?: string | undefined;
  readonly hasPeers: boolean;
  /** Called for each yardstick or peer that cannot take part, once. */
  onAbsent(name: string, reason: string): void;
}

type Servers = Readonly<Record<string, object>>;

/** What calls go through on their way: each is started when the first case needs it, and stays until the processes are closed. */
export class Targets {
  readonly #processes: Processes;
  readonly #options: TargetOptions;
  /** Of the hub and of everything else that was started, as far as it has one. */
  readonly versions: Record<string, string> = {};
  readonly #peers = new Map<string, Promise<Served | undefined>>();

  constructor(processes: Processes, options: TargetOptions) {
    this.#processes = processes;
    this.#options = options;
  }

  /** The targets of a case, the yardstick first. */
  async of(one: Case): Promise<readonly Target[]> {
    const own = { stdio: this.#stdio, sdk: this.#stdio, list: this.#list, json: this.#http, sse: this.#http }[one.upstream];
    return [...(await own.call(this, one)), ...(await this.#ofPeers(one))];
  }

  async #http(one: Case): Promise<readonly Target[]> {
    const [upstream, proxy, nginx] = await Promise.all([this.#upstream(), this.#proxy(), this.#nginx()]);
    const [bareHub, hub] = await Promise.all([this.#bareHub(), this.#hub()]);
    const path = pathOf(one);
    const plain = (name: string, child: Target['subject'], port: number): Target => ({
      name,
      address: { kind: 'http', era: one.era, url: `http://127.0.0.1:${port}/${path}`, prefix: '' },
      ...(child && { subject: child }),
    });
    return [
      plain('proxy', proxy.child, proxy.port),
      plain('direct', upstream.child, upstream.port),
      ...(nginx ? [plain('nginx', nginx.child, nginx.port)] : []),
      throughHub('bare-hub', bareHub, one),
      throughHub('hub', hub, one),
    ];
  }

  async #stdio(one: Case): Promise<readonly Target[]> {
    const script = this.#processes.script(one.upstream === 'sdk' ? 'upstream-sdk' : 'upstream-stdio');
    return [{ name: 'direct', address: { kind: 'stdio', script } }, throughHub('hub', await this.#hub(), one)];
  }

  async #list(one: Case): Promise<readonly Target[]> {
    const [hub, bare] = [await this.#listHub(), await (one.era === 'legacy' ? this.#staticLegacy() : this.#staticModern())];
    const url = `http://127.0.0.1:${bare.port}/`;
    const yardstick: Target = { name: 'static', address: { kind: 'http', era: 'modern', url, prefix: '' }, subject: bare.child };
    return [yardstick, throughHub('hub', hub, one)];
  }

  async #ofPeers(one: Case): Promise<readonly Target[]> {
    if (!this.#options.hasPeers || !one.hasPeers) return [];
    const servers = one.upstream === 'list' ? await this.#listServers() : await this.#legacyServers();
    const server = serverOf(one);
    const targets: Target[] = [];
    for (const peer of PEERS.filter((candidate) => candidate.takesPart(one))) {
      const running = await this.#peer(peer, one, servers);
      if (running === undefined) continue;
      targets.push({ name: peer.name, address: peer.addressOf(running.port, server), subject: running.child, isOptional: true });
    }
    return targets;
  }

  readonly #upstream = lazy(() => this.#processes.serve('upstream-http', String(LIST_TOOLS_EACH)));
  readonly #proxy = lazy(async () => this.#processes.serve('proxy', String((await this.#upstream()).port)));

  readonly #bareHub = lazy(async () => {
    const { port } = await this.#upstream();
    return this.#processes.serve('bare-hub', String(port), 'legacy', 'modern', 'legacy-sse', 'modern-sse');
  });

  readonly #nginx = lazy(async () => {
    const { port } = await this.#upstream();
    try {
      const { version, ...served } = await startNginx(this.#processes, port);
      this.versions['nginx'] = version;
      return served;
    } catch (error) {
      this.#options.onAbsent('nginx', error instanceof Error ? error.message : String(error));
      return undefined;
    }
  });

  readonly #legacyServers = lazy(async (): Promise<Servers> => {
    const { port } = await this.#upstream();
    return {
      legacy: { url: `http://127.0.0.1:${port}/legacy` },
      legacy_sse: { url: `http://127.0.0.1:${port}/legacy-sse` },
      stdio: { command: process.execPath, args: [this.#processes.script('upstream-stdio')] },
    };
  });

  readonly #listServers = lazy(async (): Promise<Servers> => {
    const { port } = await this.#upstream();
    const server = { url: `http://127.0.0.1:${port}/list` };
    return Object.fromEntries(Array.from({ length: LIST_SERVERS }, (_, at) => [`server${at + 1}`, server]));
  });

  readonly #hub = lazy(async () => {
    const { port } = await this.#upstream();
    const modern = {
      modern: { url: `http://127.0.0.1:${port}/modern` },
      modern_sse: { url: `http://127.0.0.1:${port}/modern-sse` },
    };
    const sdk = { command: process.execPath, args: [this.#processes.script('upstream-sdk')] };
    return this.#startHub('hub', { ...(await this.#legacyServers()), ...modern, sdk });
  });

  readonly #listHub = lazy(async () => this.#startHub('list-hub', await this.#listServers()));

  readonly #staticLegacy = lazy(() => this.#startStatic('legacy'));
  readonly #staticModern = lazy(() => this.#startStatic('modern'));

  /** A bare server with the very list that the hub gives in that era. */
  async #startStatic(era: Era): Promise<Served> {
    const { child, port } = await this.#listHub();
    const { body } = await firstList(port, child, era);
    const file = join(this.#processes.folder, `list-${era}.json`);
    writeFileSync(file, body);
    return this.#processes.serve('bare-list', '0', file);
  }

  #peer(peer: Peer, one: Case, servers: Servers): Promise<Served | undefined> {
    const isList = one.upstream === 'list';
    const key = `${peer.name}${isList ? ' with lists' : ''}`;
    const known = this.#peers.get(key);
    if (known) return known;
    const payload: Payload = isList ? one.payload : { kind: 'echo' };
    const started = this.#startPeer(peer, servers, { payload, server: serverOf(one) }).catch((error: unknown) => {
      this.#options.onAbsent(key, error instanceof Error ? error.message : String(error));
      return undefined;
    });
    this.#peers.set(key, started);
    return started;
  }

  async #startPeer(peer: Peer, servers: Servers, first: { payload: Payload; server: string }): Promise<Served> {
    const { version, ...served } = await startPeer(this.#processes, peer, servers, first);
    this.versions[peer.package] = version;
    return served;
  }

  async #startHub(name: string, servers: Servers): Promise<Served> {
    const { profile } = this.#options;
    if (profile !== undefined) mkdirSync(profile, { recursive: true });
    const nodeArgs = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profile)];
    const hub = startHub(this.#processes, { name, servers, nodeArgs });
    const { port } = await hub.ready;
    this.versions['hub'] = hubVersion();
    return { child: hub.child, port };
  }
}

/** Of the upstream behind the plain targets. */
function pathOf({ era, upstream }: Case): string {
  return upstream === 'sse' ? `${era}-sse` : era;
}

/** The name of the server in the config of hubs. */
function serverOf({ era, upstream }: Case): string {
  return { json: era, sse: `${era}_sse`, stdio: 'stdio', sdk: 'sdk', list: '' }[upstream];
}

function throughHub(name: string, { child, port }: Served, one: Case): Target {
  const url = `http://127.0.0.1:${port}/mcp`;
  return { name, address: { kind: 'http', era: one.era, url, prefix: `${serverOf(one)}__` }, subject: child };
}
