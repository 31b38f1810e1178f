import { ExactNumber, numberIn } from '../base/index.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/index.ts';

/** Tells what is wrong with the value at `path`, or `undefined` when nothing is. */
export type Shape = (value: JsonValue, path: string) => string | undefined;

export const string: Shape = (value, path) => (typeof value === 'string' ? undefined : `${path} is not a string`);
export const number: Shape = (value, path) => (numberIn(value) === undefined ? `${path} is not a number` : undefined);
export const boolean: Shape = (value, path) => (typeof value === 'boolean' ? undefined : `${path} is not true or false`);
export const object: Shape = (value, path) => (isObject(value) ? undefined : `${path} is not an object`);

export const nonEmptyString: Shape = (value, path) => string(value, path) ?? (value === '' ? `${path} is empty` : undefined);

export const fraction: Shape = (value, path) => {
  const number = numberIn(value) ?? -1;
  return number >= 0 && number <= 1 ? undefined : `${path} is not a number from 0 to 1`;
};

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
export const timestamp: Shape = (value, path) =>
  typeof value === 'string' && TIMESTAMP.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : `${path} is not an ISO 8601 date and time with offset`;

export const oneOf =
  (...allowed: readonly string[]): Shape =>
  (value, path) =>
    allowed.some((each) => each === value) ? undefined : `${path} is not one of ${allowed.join(', ')}`;

export const listOf =
  (shape: Shape): Shape =>
  (value, path) =>
    Array.isArray(value) ? firstProblem(value, (item, index) => shape(item, `${path}[${index}]`)) : `${path} is not an array`;

/** An object with these fields; fields that are not named may hold anything. */
export const fields =
  (required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape =>
  (value, path) => {
    if (!isObject(value)) return `${path || 'it'} is not an object`;
    return fieldProblem(value, path, required, true) ?? fieldProblem(value, path, optional, false);
  };

function fieldProblem(holder: JsonObject, path: string, shapes: Readonly<Record<string, Shape>>, required: boolean): string | undefined {
  return firstProblem(Object.entries(shapes), ([field, shape]) => {
    const at = path === '' ? field : `${path}.${field}`;
    const value = Object.hasOwn(holder, field) ? holder[field] : undefined;
    if (value === undefined) return required ? `${at} is missing` : undefined;
    return shape(value, at);
  });
}

function firstProblem<T>(items: readonly T[], problemOf: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const problem = problemOf(item, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether a value is nested more than `limit` levels deep. */
export function deeperThan(value: JsonValue | undefined, limit: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return false;
  if (limit === 0) return true;
  return Object.values(value).some((part) => deeperThan(part, limit - 1));
}
