import { describe, expect, it } from 'vitest';
import { resolveSources } from '../../../src/hub/marketplace/sources.ts';

describe('the sources', () => {
  it('are the known registries, where nobody says anything else', () => {
    expect(resolveSources({}, {})).toEqual({
      registryUrl: 'https://ravitemer.github.io/mcp-registry/registry.json',
      officialUrl: 'https://registry.modelcontextprotocol.io',
      officialLimit: 1000,
      readmeUrl: 'https://raw.githubusercontent.com',
    });
  });

  it.each(['', 'false', 'OFF', ' none '])('are left out by the variable %j', (value) => {
    expect(resolveSources({}, { MCP_HUB_REGISTRY_URL: value }).registryUrl).toBeUndefined();
  });

  it('are what the config says before what the environment says', () => {
    const env = { MCP_HUB_REGISTRY_URL: 'http://env/r', MCP_HUB_OFFICIAL_REGISTRY_URL: 'http://env/o' };
    expect(resolveSources({ registryUrl: false }, env)).toMatchObject({ registryUrl: undefined, officialUrl: 'http://env/o' });
    expect(resolveSources({ registryUrl: 'http://file/r' }, env)).toMatchObject({ registryUrl: 'http://file/r' });
  });

  it('are refused when a variable is no address', () => {
    expect(() => resolveSources({}, { MCP_HUB_README_URL: 'raw.example.com' })).toThrow(
      /^MCP_HUB_README_URL must be an http or https address/,
    );
  });
});
