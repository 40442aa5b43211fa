/** Where modules and their providers get the `Settings` from. */
export const SETTINGS = Symbol('SETTINGS');
