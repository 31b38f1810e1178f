import { describe, expect, it } from 'vitest';
import { maskConfig, maskedDiff, maskEntry } from '../../src/config/index.ts';

const R = '[redacted]';
const HEX = '0123456789abcdef0123456789abcdef';

describe('maskEntry', () => {
  it.each([
    ['a variable', { env: { A: 'abc' } }, { env: { A: R } }],
    ['a number as a variable', { env: { A: 12 } }, { env: { A: R } }],
    ['a header', { headers: { 'X-Key': 'abc' } }, { headers: { 'X-Key': R } }],
    ['what stands beside a placeholder', { env: { A: 'abc${B}' } }, { env: { A: `${R}\${B}` } }],
    ['a password in an address', { url: 'https://me:pw@x.org/mcp' }, { url: `https://${R}@x.org/mcp` }],
    ['values of a query', { url: 'https://x.org/mcp?key=abc&b=c#d' }, { url: `https://x.org/mcp?key=${R}&b=${R}#d` }],
    ['a key in a path', { url: `https://x.org/s/${HEX}/mcp` }, { url: `https://x.org/s/${R}/mcp` }],
    ['--token=x', { args: ['--token=abc'] }, { args: [`--token=${R}`] }],
    ['--token x', { args: ['--api-key', 'abc', 'z'] }, { args: ['--api-key', R, 'z'] }],
    ['NAME=x', { args: ['-e', 'MY_VAR=abc'] }, { args: ['-e', `MY_VAR=${R}`] }],
    ['a header in an argument', { args: ['--header', 'Authorization: Bearer abc'] }, { args: ['--header', `Authorization: ${R}`] }],
    ['an address in an argument', { args: ['postgres://u:p@h/db'] }, { args: [`postgres://${R}@h/db`] }],
    ['a key that its maker marks', { args: ['x', 'ghp_abcdef123456'] }, { args: ['x', R] }],
    ['a nested key', { oauth: { clientId: 'me', clientSecret: 'abc' } }, { oauth: { clientId: 'me', clientSecret: R } }],
    ['a private key', { oauth: { privateKey: '-----BEGIN PRIVATE KEY-----\nabc' } }, { oauth: { privateKey: R } }],
  ])('hides %s', (_, entry, masked) => {
    expect(maskEntry(entry)).toEqual(masked);
  });

  it.each([
    ['placeholders', { env: { A: '${B}', C: '${cmd: op read x}', D: '$: op read x' }, url: 'https://${HOST}/mcp?key=${KEY}' }],
    ['a scheme in front of a placeholder', { headers: { Authorization: 'Bearer ${TOKEN}' } }],
    ['what takes the value of the environment', { env: { A: null, B: '' } }],
    [
      'plain arguments',
      { command: 'npx', args: ['-y', '@scope/server-filesystem@2026.8.31', '/home/me/some-long-folder/with/parts', '--port=8080'] },
    ],
    [
      'what is no secret',
      { disabled: true, autoApprove: ['read'], disabled_tools: ['t'], custom_instructions: { text: 'Be nice.' }, name: 'N' },
    ],
  ])('shows %s', (_, entry) => {
    expect(maskEntry(entry)).toEqual(entry);
  });
});

it('maskConfig masks every entry and keeps the rest', () => {
  const document = {
    mcpServers: { a: { env: { K: 'secret' } }, b: { command: 'x' } },
    maxBodySize: 5000,
    inputs: [{ id: 'k', password: true }],
  };
  expect(maskConfig(document)).toEqual({ ...document, mcpServers: { a: { env: { K: R } }, b: { command: 'x' } } });
});

describe('maskedDiff', () => {
  const before = '{\n  "a": {"env": {"K": "old-secret", "S": "x"}},\n  "command": "x"\n}\n';

  it('shows which lines change, and no secret of either text', async () => {
    const after = before.replace('old-secret', 'new-secret');
    const diff = await maskedDiff('c.json', before, after, [{ env: { K: 'old-secret', S: 'x' } }, { env: { K: 'new-secret' } }]);
    expect(diff).toContain('--- c.json\n+++ c.json\n@@');
    expect(diff).toContain(`-  "a": {"env": {"K": "${R}", "S": "${R}"}},`);
    expect(diff).toContain(`+  "a": {"env": {"K": "${R}"`);
    expect(diff).not.toMatch(/old-secret|new-secret/);
  });

  it('stays a unified diff where a number is a secret', async () => {
    const text = '{\n  "env": {"PIN": 1}\n}\n';
    const diff = await maskedDiff('c.json', text, `${text}{}\n`, [{ env: { PIN: 1 } }]);
    expect(diff).toBe(`--- c.json\n+++ c.json\n@@ -1,3 +1,4 @@\n {\n   "env": {"PIN": ${R}}\n }\n+{}\n`);
  });

  it.each<[string, string, object]>([
    ['in another spelling', String.raw`{"env": {"K": "h\u0075sh-hush"}}`, { env: { K: 'hush-hush' } }],
    ['in single quotes', String.raw`{env: {K: 'hush\'hush-hush'}}`, { env: { K: "hush'hush-hush" } }],
    ['behind an option', '{"args": ["--token=hush"]}', { args: ['--token=hush'] }],
    ['in a query', '{"url": "https://x.org/?k=hush&b=1"}', { url: 'https://x.org/?k=hush' }],
    ['as a short number', '{"env": {"PIN": 4711}}', { env: { PIN: 4711 } }],
    ['in a comment', '// "API_KEY": "hush",\n{}', {}],
    ['in an entry that was put aside', '{ /* TOKEN = hush-hush */ }', {}],
    ['of a known kind in a comment', '{ // was ghp_abcdef123456\n}', {}],
  ])('shows no secret %s', async (_, text, entry) => {
    const diff = await maskedDiff('c.json', `${text}\n`, `${text}\n{}\n`, [entry]);
    expect(diff).toContain(R);
    expect(diff).not.toMatch(/hush|u0075|4711|ghp_/);
  });

  it('keeps what is no secret beside one', async () => {
    const text = '{"port": 8080, "env": {"A": "x"}, "b": "axb", "c": "a.b/c"} // see https://x.org: a note\n';
    const diff = await maskedDiff('c.json', text, `${text}\n`, [{ env: { A: 'x' } }]);
    expect(diff).toContain(text.replace('"x"', `"${R}"`).trimEnd());
  });

  it('is empty for the same text', async () => {
    expect(await maskedDiff('c.json', before, before, [])).toBe('');
  });
});
