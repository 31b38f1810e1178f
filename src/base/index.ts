export { closest, slipDistance } from './closest.ts';
export { type Clock, systemClock } from './clock.ts';
export { type Disposable, Disposables } from './disposable.ts';
export { Emitter } from './emitter.ts';
export { type ErrorCode, type ErrorKind, errorTable, HubError, isHubError, messageOf, toHubError } from './errors.ts';
export { createLogger, type Logger, type LogLevel, type LogRecord, type LogSink, silentLogger } from './logger.ts';
export { type HubPaths, hubPaths } from './paths.ts';
export { REDACTED, Secret } from './secret.ts';
export { type Deferred, deferred, sleep, withDeadline } from './wait.ts';
