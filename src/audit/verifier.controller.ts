import { Controller, Get, Header, Inject, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Problem } from '../core/errors.js';
import { ApiAnswers } from '../http/api-answers.js';
import { Public } from '../http/scopes.js';
import { readVerifierFile, VERIFIER_PLACE, type VerifierFile, verifierName } from './verifier-file.js';

const digestHeaders = {
  'X-Checksum-Sha256': { description: 'SHA-256 of the file (hex).', schema: { type: 'string' } },
  'Repr-Digest': { description: 'The same digest in the form of RFC 9530.', schema: { type: 'string' } },
} as const;

/** The program that an auditor needs besides a file and a key. It is public, because it holds no data. */
@ApiTags('audit')
@Public()
@Controller('verify')
export class VerifierController {
  constructor(@Inject(VERIFIER_PLACE) private readonly place: URL) {}

  @Get(verifierName)
  @ApiOperation({
    summary: 'Download the offline verifier',
    description:
      'One file that verifies exports, evidence and erasure certificates. It needs only Node 20 or newer: `node facecode-verify.mjs <file> --key <key>`. Compare its SHA-256 with one that you did not get from this service, because a dishonest service could serve a dishonest verifier.',
  })
  @Header('cache-control', 'no-cache')
  @ApiProduces('text/javascript')
  @ApiOkResponse({ description: 'The program.', headers: digestHeaders, schema: { type: 'string' } })
  @ApiAnswers({}, ['not-found'], [])
  async program(@Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
    const { text, sha256 } = await this.verifier();
    void reply
      .header('x-checksum-sha256', sha256)
      .header('repr-digest', `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`);
    return new StreamableFile(Buffer.from(text), {
      type: 'text/javascript; charset=utf-8',
      disposition: `attachment; filename="${verifierName}"`,
    });
  }

  @Get(`${verifierName}.sha256`)
  @ApiOperation({
    summary: 'Read the digest of the offline verifier',
    description: 'In the form that `sha256sum --check` reads.',
  })
  @Header('cache-control', 'no-cache')
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The digest (hex) and the name of the file.', schema: { type: 'string' } })
  @ApiAnswers({}, ['not-found'], [])
  async digest(): Promise<string> {
    return `${(await this.verifier()).sha256}  ${verifierName}\n`;
  }

  private async verifier(): Promise<VerifierFile> {
    const verifier = await readVerifierFile(this.place);
    if (verifier) return verifier;
    throw new Problem('not-found', {
      detail: 'This service has no verifier, because `npm run build` did not make it.',
    });
  }
}
