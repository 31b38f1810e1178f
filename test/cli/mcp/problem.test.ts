import { describe, expect, it } from 'vitest';
import { problemOf } from '../../../src/cli/mcp/problem.ts';

const error = (code: number, message: string, data?: object) => ({ error: { code, message, data } });
const failed = (meta?: object) => ({ result: { isError: true, content: [{ type: 'text', text: 'No.' }], _meta: meta } });

describe('problemOf', () => {
  it.each([
    ['tools/call', { name: 't' }, failed({ 'mcp-hub/error': { code: 'TIMEOUT', server: 's' } }), 'TIMEOUT', 'No.'],
    ['tools/call', { name: 't' }, error(-32602, 'Gone.', { code: 'TOOL_NOT_FOUND', tool: 't' }), 'TOOL_NOT_FOUND', 'Gone.'],
    ['tools/call', { name: 't' }, error(-32602, 'bad a'), 'VALIDATION_ERROR', 'bad a'],
    ['tools/call', { name: 't' }, error(-32000, 'boom', { code: 'not one of ours' }), 'TOOL_ERROR', 'boom'],
    ['prompts/get', { name: 'p' }, error(-32603, 'boom'), 'PROMPT_ERROR', '"p"'],
    ['resources/read', { uri: 'a:b' }, error(-32602, 'none'), 'RESOURCE_NOT_FOUND', 'a:b'],
    ['resources/read', { uri: 'a:b' }, error(-32603, 'boom'), 'RESOURCE_ERROR', 'a:b'],
    ['tools/call', { name: 't' }, error(-32021, 'm', { requiredCapabilities: { sampling: {} } }), 'INPUT_NOT_GIVEN', 'sampling'],
    ['tools/list', {}, error(-32603, 'x'), 'CONNECTION_ERROR', 'x'],
  ])('%s %j %j', (method, params, message, code, words) => {
    expect(problemOf(method, params, message)).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it.each([{ result: { content: [] } }, failed(), failed({ other: 1 })])('finds none in %j', (message) => {
    expect(problemOf('tools/call', {}, message)).toBeUndefined();
  });
});
