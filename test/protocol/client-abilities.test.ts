import { describe, expect, it } from 'vitest';
import { type ClientAbility, capabilitiesWith, hasAbility } from '../../src/protocol/index.ts';

const ABILITIES: ClientAbility[] = ['sampling', 'sampling.tools', 'elicitation.form', 'elicitation.url', 'roots'];

describe('capabilitiesWith', () => {
  it.each(ABILITIES)('%s has it', (ability) => {
    expect(hasAbility(capabilitiesWith([ability]), ability)).toBe(true);
    expect(hasAbility({}, ability)).toBe(false);
  });

  it('has all of several', () => {
    expect(capabilitiesWith(ABILITIES)).toEqual({ sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} });
    expect(capabilitiesWith([])).toEqual({});
  });
});
