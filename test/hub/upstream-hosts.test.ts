import { afterEach, describe, expect, it } from 'vitest';
import { isHubError } from '../../src/base/index.ts';
import { type ManagedHub, manageHub } from '../support/managed-hub.ts';
import { startLegacyHttp } from '../fixtures/http/legacy-http.ts';

let hub: ManagedHub;
afterEach(() => hub.stop());

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (isHubError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('It was not refused');
}

describe('with "allowedUpstreamHosts"', () => {
  it('a server elsewhere cannot be added, or moved there', async () => {
    const server = await startLegacyHttp();
    try {
      hub = await manageHub({ 'c.json': { allowedUpstreamHosts: ['127.0.0.1'], mcpServers: {} } });
      const { config, servers } = hub.management;
      const before = await hub.read();
      expect(await refusal(config.add('evil', { url: 'https://evil.example/mcp' }, {}))).toMatchObject({
        code: 'VALIDATION_ERROR',
        message: expect.stringContaining('The host evil.example is none of "allowedUpstreamHosts"'),
      });
      expect(await refusal(config.add('evil', { url: 'https://evil.example/mcp' }, { dryRun: true }))).toMatchObject({
        code: 'VALIDATION_ERROR',
      });
      expect(await hub.read()).toBe(before);
      await config.add('fine', { url: server.url }, {});
      expect(servers.get('fine').status).toBe('connected');
      expect(await refusal(config.change('fine', { url: 'https://evil.example/mcp' }, {}))).toMatchObject({ code: 'VALIDATION_ERROR' });
      expect(servers.get('fine').status).toBe('connected');
    } finally {
      await server.close();
    }
  });

  it('a server that a file has elsewhere is not called, and says why; others may still be changed', async () => {
    const server = await startLegacyHttp();
    try {
      hub = await manageHub({ 'c.json': { allowedUpstreamHosts: ['mcp.example'], mcpServers: { in: { url: server.url } } } });
      const { config, servers } = hub.management;
      expect(servers.get('in')).toMatchObject({ status: 'disconnected', error: expect.stringContaining('"allowedUpstreamHosts"') });
      expect(server.seen).toEqual([]);
      await config.change('in', { description: 'still out' }, {});
      await hub.write({ allowedUpstreamHosts: ['127.0.0.1'], mcpServers: { in: { url: server.url } } });
      await (await hub.config.reload()).done;
      expect(servers.get('in').status).toBe('connected');
      await hub.write({ allowedUpstreamHosts: ['mcp.example'], mcpServers: { in: { url: server.url } } });
      await (await hub.config.reload()).done;
      expect(servers.get('in').status).toBe('disconnected');
    } finally {
      await server.close();
    }
  });

  it('an address that only the start tells is held to it as well', async () => {
    const server = await startLegacyHttp();
    try {
      const url = '${env:WHERE}';
      hub = await manageHub({ 'c.json': { allowedUpstreamHosts: ['mcp.example'], mcpServers: { in: { url } } } }, { WHERE: server.url });
      expect(hub.management.servers.get('in').error).toContain('"allowedUpstreamHosts"');
      expect(server.seen).toEqual([]);
    } finally {
      await server.close();
    }
  });
});

describe('an entry that is written from another machine', () => {
  it('leads to no address of this machine or its network', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: {} } });
    const { config } = hub.management;
    const isFromElsewhere = true;
    for (const host of ['127.0.0.1', '0x7f000001', '169.254.169.254', '[::ffff:10.0.0.1]', 'localhost']) {
      expect(await refusal(config.add('in', { url: `http://${host}/mcp`, publicOnly: false }, { isFromElsewhere }))).toMatchObject({
        code: 'VALIDATION_ERROR',
        message: expect.stringContaining('private network'),
      });
    }
    await config.add('out', { url: 'http://mcp.invalid/mcp', disabled: true }, { isFromElsewhere });
    expect(JSON.parse(await hub.read()).mcpServers.out).toMatchObject({ publicOnly: true });
    const moved = config.change('out', { url: 'http://192.168.0.1/' }, { isFromElsewhere });
    expect(await refusal(moved)).toMatchObject({ code: 'VALIDATION_ERROR' });
    await config.change('out', { publicOnly: null, description: 'x' }, { isFromElsewhere });
    expect(JSON.parse(await hub.read()).mcpServers.out).toMatchObject({ publicOnly: true, description: 'x' });
  });

  it('moves no server by a variable of its address', async () => {
    const mcpServers = { in: { url: 'http://${env:WHERE}/mcp', env: { WHERE: 'mcp.invalid' }, disabled: true } };
    hub = await manageHub({ 'c.json': { mcpServers } });
    await hub.management.config.change('in', { env: { WHERE: '127.0.0.1:1' } }, { isFromElsewhere: true });
    expect(JSON.parse(await hub.read()).mcpServers.in).toMatchObject({ publicOnly: true });
    await expect(hub.management.servers.start('in')).rejects.toMatchObject({ message: expect.stringContaining('"publicOnly"') });
  });

  it('stays as it is where it does not say where the server is', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: { in: { url: 'http://127.0.0.1:1/mcp', disabled: true } } } });
    await hub.management.config.change('in', { description: 'x' }, { isFromElsewhere: true });
    expect(JSON.parse(await hub.read()).mcpServers.in).not.toHaveProperty('publicOnly');
  });

  it('is no hindrance on this machine', async () => {
    const server = await startLegacyHttp();
    try {
      hub = await manageHub({ 'c.json': { mcpServers: {} } });
      await hub.management.config.add('in', { url: server.url }, { isFromElsewhere: false });
      expect(hub.management.servers.get('in').status).toBe('connected');
    } finally {
      await server.close();
    }
  });
});
