import type { Suite } from '../suite.ts';
import { config, configEdits } from './config.ts';
import { eventReader, lines } from './lines.ts';
import { placeholders } from './placeholders.ts';

export const suites: readonly Suite[] = [config, configEdits, placeholders, lines, eventReader];
