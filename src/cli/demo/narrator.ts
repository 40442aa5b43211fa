/** Words the demo for a reader who has never heard of iDenfy. */
import { styleText } from 'node:util';
import { print } from '../command.js';

type Side = 'platform' | 'user' | 'iDenfy' | 'Facecode';
type Style = Parameters<typeof styleText>[0];

const coloured = process.stdout.isTTY === true && process.stdout.hasColors();
const paint = (style: Style, text: string): string => (coloured ? styleText(style, text) : text);

const sides: Record<Side, Style> = { platform: 'cyan', user: 'yellow', iDenfy: 'magenta', Facecode: 'green' };
const sideWidth = 10;

export class Narrator {
  private step = 0;

  heading(text: string): void {
    print(`\n${paint('bold', `${(this.step += 1)}. ${text}`)}`);
  }

  says(side: Side, text: string): void {
    const [first = '', ...more] = text.split('\n');
    print(`   ${paint(sides[side], side.padEnd(sideWidth))} ${first}`);
    for (const line of more) print(`   ${' '.repeat(sideWidth)} ${line}`);
  }

  plain(text = ''): void {
    print(text);
  }

  title(text: string): void {
    print(paint('bold', text));
  }
}
