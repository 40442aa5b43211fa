import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Problem, type ProblemCode, problems } from '../core/errors.js';
import { page } from './page.js';
import { Public } from './scopes.js';

/** The pages that the `type` of a problem leads to. */
@ApiExcludeController()
@Public()
@Controller('problems')
export class ProblemsController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  index(): string {
    const rows = Object.entries(problems).map(
      ([code, { status, title }]) =>
        `<li><a href="/problems/${code}"><code>${code}</code></a> ${status} – ${title}</li>`,
    );
    return page('Problems', `<ul>${rows.join('')}</ul>`);
  }

  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  one(@Param('code') code: string): string {
    if (!Object.hasOwn(problems, code)) throw new Problem('not-found');
    const { status, title, help } = problems[code as ProblemCode];
    return page(
      title,
      `<p><code>${code}</code>, HTTP status ${status}</p><p>${withCode(help)}</p><p><a href="/problems">All problems</a></p>`,
    );
  }
}

/** Backticks become code; the texts are ours and hold no markup. */
const withCode = (text: string): string => text.replaceAll(/`([^`]+)`/g, '<code>$1</code>');
