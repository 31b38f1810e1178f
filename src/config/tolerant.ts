/**
 * Types for values that are wrong and do no harm: other programs read the same files, and earlier versions of the hub did not look at
 * all of them. Which keys are so is written down in docs/configuration.md, "What a wrong value does".
 */
import { describe, type Issue, listOf, nonEmptyText, text, textLike, type Type } from './types.ts';

/** The same, where a wrong value is a warning and counts as absent: for keys without which everything is as safe. */
export function orAbsent<T>(type: Type<T>): Type<T> {
  return orElse(type, undefined, 'it counts as absent');
}

/** The same, where a wrong value is a warning, and another one is taken for it. */
export function orElse<T>(type: Type<T>, other: T | undefined, consequence: string): Type<T> {
  return {
    ...type,
    read(node, path, report) {
      let isWrong = false;
      const value = type.read(node, path, (issue) => {
        isWrong ||= issue.severity === 'error';
        report(issue.severity === 'error' ? tolerated(issue, consequence) : issue);
      });
      return isWrong ? other : value;
    },
  };
}

function tolerated(issue: Issue, consequence: string): Issue {
  const { message, hint = 'Correct it, or remove it' } = issue;
  return { ...issue, severity: 'warning', isWrongValue: true, message: `${message}; ${consequence}`, hint };
}

/** A string; an empty one is as good as none. */
export const textOrNone: Type<string> = {
  words: 'a string',
  schema: { type: 'string' },
  read: (node, path, report) => (node.kind === 'string' && node.value.trim() === '' ? undefined : nonEmptyText.read(node, path, report)),
};

/** A switch that other values than `true` turn on too, as JavaScript has it. */
export const truthyFlag: Type<boolean> = {
  words: 'true or false',
  schema: { type: 'boolean' },
  read(node, path, report) {
    if (node.kind === 'boolean') return node.value;
    const isOn = node.kind === 'number' || node.kind === 'string' ? Boolean(node.value) : node.kind !== 'null';
    const message = `Must be true or false, not ${describe(node)}; it is taken for ${isOn}`;
    report({ severity: 'warning', isWrongValue: true, at: node.at, keyPath: path, message, hint: 'Write true or false, without quotes' });
    return isOn;
  },
};

const names = listOf(textLike);

/** Names of what is hidden: whatever can be understood is, and what cannot stays an error, or something would be shown that is not meant to be. */
export const hiddenNames: Type<readonly string[]> = {
  words: 'a list, each item a string',
  schema: listOf(text).schema,
  read(node, path, report) {
    if (node.kind === 'object' && node.members.length === 0) return [];
    if (node.kind === 'array') return names.read(node, path, report);
    if (node.kind !== 'string' || node.value.trim() === '') return names.read(node, path, report);
    const message = 'Must be a list, each item a string, not this string; it is taken for the only item';
    report({ severity: 'warning', isWrongValue: true, at: node.at, keyPath: path, message, hint: 'Put it in square brackets' });
    return [node.value];
  },
};
