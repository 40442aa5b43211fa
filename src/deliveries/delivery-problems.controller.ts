import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Problem } from '../core/errors.js';
import { page } from '../http/page.js';
import { Public } from '../http/scopes.js';
import { type DeliveryError, deliveryErrors } from './delivery-errors.js';

/** A page for each reason why a webhook got no answer: what to look at. */
@ApiExcludeController()
@Public()
@Controller('problems/deliveries')
export class DeliveryProblemsController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  index(): string {
    const rows = Object.entries(deliveryErrors).map(
      ([error, { title }]) => `<li><a href="/problems/deliveries/${error}"><code>${error}</code></a> – ${title}</li>`,
    );
    return page('Why a delivery got no answer', `<ul>${rows.join('')}</ul>`);
  }

  @Get(':error')
  @Header('content-type', 'text/html; charset=utf-8')
  one(@Param('error') error: string): string {
    if (!Object.hasOwn(deliveryErrors, error)) throw new Problem('not-found');
    const { title, help } = deliveryErrors[error as DeliveryError];
    const text = help.replaceAll(/`([^`]+)`/g, '<code>$1</code>');
    return page(
      title,
      `<p><code>${error}</code></p><p>${text}</p><p><a href="/problems/deliveries">All of them</a></p>`,
    );
  }
}
