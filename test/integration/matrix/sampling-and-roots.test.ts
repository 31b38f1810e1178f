import { openMatrix } from '../../support/matrix.ts';
import {
  ableWithout,
  itAsks,
  itAsksInEveryWay,
  itAsksNobodyWho,
  itIsRefused,
  itTakesBack,
  type QuestionSample,
} from '../../support/matrix-questions.ts';

const feature = openMatrix();

const TEXT = { type: 'text', text: 'Hm? 😀', annotations: { audience: ['assistant'], priority: 0 }, 'x-new': null };
const SAMPLING: QuestionSample = {
  method: 'sampling/createMessage',
  params: {
    messages: [
      { role: 'user', content: [TEXT, { type: 'image', data: 'AAAA', mimeType: 'image/png' }], _meta: { 'example.org/n': 1 } },
      { role: 'assistant', content: { type: 'audio', data: '', mimeType: 'audio/wav' } },
    ],
    systemPrompt: '',
    modelPreferences: { hints: [{ name: 'small' }, { 'x-new': 1 }], costPriority: 0, speedPriority: 1, intelligencePriority: 0.5 },
    includeContext: 'none',
    temperature: 0,
    maxTokens: 1,
    stopSequences: [],
    metadata: { provider: { deep: [null] } },
    'x-new': [1],
    _meta: { 'example.org/why': 'test' },
  },
};
const SAID = {
  role: 'assistant',
  content: { type: 'text', text: 'Aha.', 'x-new': { a: null } },
  model: 'm-1',
  stopReason: 'x-own-reason',
  'x-new': 0,
  _meta: { 'example.org/cost': 0.25 },
};

feature('sampling', (cell) => {
  const sampling = (): QuestionSample => SAMPLING;
  itAsks('answered', cell, sampling, SAID);
  itAsksNobodyWho('a client without sampling', cell, sampling, ableWithout('sampling'), { sampling: {} });
  itIsRefused(cell, sampling);
  itTakesBack(cell, sampling, SAID);
  itAsksInEveryWay(cell, sampling, SAID);
});

feature('sampling with tools', (cell) => {
  const withTools = (): QuestionSample => ({
    method: 'sampling/createMessage',
    params: {
      messages: [
        { role: 'user', content: TEXT },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'use-1', name: 'look', input: { at: ['x', null] }, 'x-new': 1 }] },
        {
          role: 'user',
          content: [{ type: 'tool_result', toolUseId: 'use-1', content: [TEXT], structuredContent: { found: 0 }, isError: false }],
        },
      ],
      tools: [
        {
          name: 'look',
          inputSchema: { type: 'object', properties: { at: { prefixItems: [{ $ref: '#/$defs/a' }] } }, $defs: { a: {} } },
          'x-new': [],
        },
      ],
      toolChoice: { mode: 'required', 'x-new': true },
      maxTokens: 7,
    },
  });
  const uses = {
    role: 'assistant',
    content: [
      { type: 'text', text: '' },
      { type: 'tool_use', id: 'use-2', name: 'look', input: { at: [] }, _meta: { 'example.org/step': 2 } },
      { type: 'tool_use', id: 'use-3', name: 'look', input: {} },
    ],
    model: 'm-1',
    stopReason: 'toolUse',
  };
  itAsks('answered with the use of tools', cell, withTools, uses);
  const required = { sampling: { tools: {} } };
  itAsksNobodyWho('a client that samples without tools', cell, withTools, ableWithout('sampling', 'tools'), required);
  itIsRefused(cell, withTools);
  itTakesBack(cell, withTools, uses);
});

feature('roots', (cell) => {
  const roots = (): QuestionSample => ({ method: 'roots/list', params: { 'x-new': 1, _meta: { 'example.org/why': 'test' } } });
  const given = {
    roots: [
      { uri: 'file:///home/ada/a%20b', name: 'Ä', 'x-new': null, _meta: { 'example.org/main': true } },
      { uri: 'file:///', _meta: {} },
    ],
    'x-new': {},
    _meta: { 'example.org/answered': [] },
  };
  itAsks('given', cell, roots, given);
  itAsks('given none, and asked without params', cell, () => ({ method: 'roots/list' }), { roots: [] });
  itAsksNobodyWho('a client without roots', cell, roots, ableWithout('roots'), { roots: {} });
  itIsRefused(cell, roots);
  itTakesBack(cell, roots, given);
});
