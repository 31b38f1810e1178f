import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../../src/config/index.ts';
import { readConfigFile } from '../../src/config/file.ts';

function read(document: object) {
  const { servers, diagnostics } = readConfigFile({ file: 'c.json', text: JSON.stringify(document) }, '/');
  return { definitions: servers.map(({ definition }) => definition), words: diagnostics.map(formatDiagnostic) };
}

describe('a file with "servers" and "mcpServers"', () => {
  it('goes by "servers", and says what is left out', () => {
    const { definitions, words } = read({ mcpServers: { a: { command: 'x' } }, servers: { b: { command: 'y' } } });
    expect(definitions.map(({ id }) => id)).toEqual(['b']);
    expect(words).toEqual([
      'c.json:1:2: mcpServers: Is left out: the file has "servers" too, and that is what counts. Move all servers under "servers".',
    ]);
  });

  it.each([{}, [], null])('says nothing when %j is left out', (mcpServers) => {
    expect(read({ servers: { b: { command: 'y' } }, mcpServers })).toMatchObject({ definitions: [{ id: 'b' }], words: [] });
  });

  it('goes by "mcpServers" where "servers" is null', () => {
    expect(read({ servers: null, mcpServers: { a: { command: 'x' } } })).toMatchObject({ definitions: [{ id: 'a' }], words: [] });
    expect(read({ servers: null, mcpServers: null })).toMatchObject({ definitions: [], words: [] });
  });

  it('shows only what counts', () => {
    const text = JSON.stringify({ servers: { b: { command: 'y' } }, mcpServers: { a: { command: 'x' } } });
    const { document } = readConfigFile({ file: 'c.json', text }, '/');
    expect(document['mcpServers']).toEqual({ b: { command: 'y' } });
  });
});
