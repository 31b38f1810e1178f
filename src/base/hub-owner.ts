/** The principal that stands for the person whose hub it is: who was asked for no key, and the hub's own commands. */
export const HUB_OWNER = 'local';
