export { LineReader, type OverlongLine } from '../protocol/index.ts';
