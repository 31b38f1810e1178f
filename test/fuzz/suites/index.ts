import type { Suite } from '../suite.ts';
import { callback } from './callback.ts';
import { config, configEdits } from './config.ts';
import { headers } from './headers.ts';
import { http1Answers } from './http1-answers.ts';
import { jsonTexts } from './json-text.ts';
import { eventReader, lines } from './lines.ts';
import { messagesOverHttp, messagesOverPipe } from './messages.ts';
import { placeholders } from './placeholders.ts';
import { rest } from './rest.ts';
import { serverAnswers } from './server-answers.ts';
import { eventStreams } from './upstream.ts';

export const suites: readonly Suite[] = [
  config,
  configEdits,
  placeholders,
  jsonTexts,
  lines,
  eventReader,
  messagesOverHttp,
  messagesOverPipe,
  headers,
  rest,
  callback,
  eventStreams,
  serverAnswers,
  http1Answers,
];
