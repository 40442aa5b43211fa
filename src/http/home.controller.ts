import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { docsPath } from './openapi.js';
import { Public } from './scopes.js';

/** Redirects `/` to the documentation. */
@ApiExcludeController()
@Public()
@Controller()
export class HomeController {
  @Get()
  @Redirect(`/${docsPath}`, 302)
  home(): void {
    // The decorator answers the request.
  }
}
