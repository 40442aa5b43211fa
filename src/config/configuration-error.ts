/**
 * The settings cannot be used. The message has one line for each fault, `VARIABLE: what is wrong, what is expected`.
 */
export class ConfigurationError extends Error {
  /**
   * @param faults never hold the value of a secret
   * @param missing names of the variables that must be set but are not
   */
  constructor(
    readonly faults: readonly string[],
    readonly missing: readonly string[] = [],
  ) {
    super(faults.join('\n'));
    this.name = 'ConfigurationError';
  }
}
