/** What is wrong with an answer as HTTP, by the names that Node's own parser has for it. */
export type BadAnswerCode =
  | 'HPE_INVALID_CONSTANT'
  | 'HPE_INVALID_STATUS'
  | 'HPE_INVALID_HEADER_TOKEN'
  | 'HPE_INVALID_CONTENT_LENGTH'
  | 'HPE_INVALID_TRANSFER_ENCODING'
  | 'HPE_INVALID_CHUNK_SIZE'
  | 'HPE_STRICT'
  | 'HPE_HEADER_OVERFLOW'
  | 'HPE_PAUSED_UPGRADE';

/** An answer that is not HTTP/1.1. Its message never quotes the answer. */
export class BadAnswer extends Error {
  readonly code: BadAnswerCode;

  constructor(code: BadAnswerCode, message: string) {
    super(message);
    this.name = 'BadAnswer';
    this.code = code;
  }
}

/** It is another protocol, or a version that nobody asked for. */
export function notHttp(): BadAnswer {
  return new BadAnswer('HPE_INVALID_CONSTANT', 'It does not begin with "HTTP/1.1".');
}
