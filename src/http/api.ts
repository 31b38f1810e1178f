import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { type Clock, HubError, type Logger, toHubError } from '../base/index.ts';
import type { EventStreams } from './event-streams.ts';
import type { Management } from './management.ts';
import { problemOf } from './problem.ts';

export interface ApiOptions {
  readonly management: Pick<Management, 'health'>;
  readonly streams: Pick<EventStreams, 'summary'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The REST routes under `/api`. This file is loaded with the first request to one of them, and Express with it. */
export function createApi({ management, streams, clock, logger }: ApiOptions): (req: IncomingMessage, res: ServerResponse) => void {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/api/health', async (_req: Request, res: Response) => {
    res.json({ ...(await management.health()), ...streams.summary() });
  });
  app.use((req: Request) => {
    throw new HubError('METHOD_NOT_FOUND', `There is no ${req.method} ${req.path}.`, { details: { path: req.path } });
  });
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    const hubError = toHubError(error, isClientFault(error) ? 'VALIDATION_ERROR' : 'UNHANDLED_ERROR');
    if (hubError.code === 'UNHANDLED_ERROR')
      logger.error('A REST request failed inside the hub', { code: hubError.code, reason: hubError.message });
    const { status, body } = problemOf(hubError, clock.now());
    res.status(status).json(body);
  });
  return app;
}

/** Express marks what is wrong with a request itself, such as a path that cannot be decoded, with a 4xx status. */
function isClientFault(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status >= 400 && error.status < 500;
}
