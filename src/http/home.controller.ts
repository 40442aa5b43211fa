import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { docsPath } from './openapi.js';
import { Public } from './scopes.js';

/** Leads people who open the address of the service to the documentation. */
@ApiExcludeController()
@Public()
@Controller()
export class HomeController {
  @Get()
  @Redirect(`/${docsPath}`, 302)
  home(): void {
    // The decorators answer.
  }
}
