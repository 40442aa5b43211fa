/** One command of the `facecode` program. */
export interface Command {
  name: string;
  /** one line for the list */
  summary: string;
  /** what follows the name, as `facecode <name> --help` shows it */
  usage: string;
  /**
   * @returns the exit code: 0 success, 1 the answer is no
   * @throws WrongUsage, ConfigurationError (exit code 2), and any other error that stops it (exit code 3)
   */
  run(args: string[]): Promise<number>;
}

/** The command line cannot be understood; the message says what is wrong with it. */
export class WrongUsage extends Error {}

export const print = (line = ''): void => void process.stdout.write(`${line}\n`);
export const printError = (line: string): void => void process.stderr.write(`${line}\n`);
