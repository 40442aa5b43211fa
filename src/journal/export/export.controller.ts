import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Reach } from '../../core/reach.js';
import { ApiAnswers } from '../../http/api-answers.js';
import { CurrentReach, needsAllPlatforms } from '../../http/principal.js';
import { type RecordedRequest, takeReading } from '../../http/recorded-read.js';
import { RequireScope } from '../../http/scopes.js';
import { invalid } from '../../http/validation.js';
import { ExportDto } from './export.dto.js';
import { JournalExport } from './export.service.js';
import { type Bound, type ExportBounds, isBackwards, parseBound } from './export-range.js';

const mediaTypes = { ndjson: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' } as const;

@ApiTags('journal')
@ApiBearerAuth()
@RequireScope('audit')
@Controller('v1/journal')
export class ExportController {
  constructor(@Inject(JournalExport) private readonly journal: JournalExport) {}

  @Get('export')
  @ApiOperation({
    summary: 'Export the journal',
    description:
      'NDJSON has one event per line, as `GET /v1/events` gives it. Its last line has the `kind` `facecode-export-proof`, with which `facecode verify` verifies the file offline. A file without that line is incomplete. CSV has the same events for a spreadsheet, without a proof. For a time range you get the smallest range of positions that contains it.\n\nWith `platform` you get the events of one platform. Their positions have gaps, so each event also has its own `proof` (see `GET /v1/journal/proof/{eventId}`). The proofs do not show that no event was left out. For that, the last line has the number of events, signed by the service. Only an API key of all platforms can export the whole journal.',
  })
  @ApiProduces(...Object.values(mediaTypes))
  @ApiAnswers({ 200: [null, 'The sealed events, streamed.'] }, ['invalid-request', 'overloaded'])
  async export(
    @Query() { format, from, to, platform: named }: ExportDto,
    @Req() request: RecordedRequest,
    @CurrentReach() reach: Reach,
  ): Promise<StreamableFile> {
    const platform = named ?? null;
    if (!reach.covers(platform)) throw needsAllPlatforms(whyNot(platform, reach));
    const plan = await this.journal.plan(boundsOf(from, to), platform);
    const range = plan.events === 0 ? {} : { firstPosition: plan.from, lastPosition: plan.to };
    await takeReading(request)?.record({ rows: plan.events, ...range });
    const text = Readable.from(this.journal.text(plan, format), { objectMode: false });
    const name = `facecode-journal-${platform === null ? '' : `${platform}-`}${plan.from}-${plan.to}.${format}`;
    return new StreamableFile(text, { type: mediaTypes[format], disposition: `attachment; filename="${name}"` });
  }
}

const whyNot = (platform: string | null, reach: Reach): string =>
  platform === null
    ? `This exports the events of all platforms. Use ?platform=${reach.platform} for those of your own platform.`
    : `${platform} is not the platform of your API key.`;

function boundsOf(from: string | undefined, to: string | undefined): ExportBounds {
  const bounds = { from: bound('from', from), to: bound('to', to) };
  if (isBackwards(bounds)) throw invalid([{ field: 'to', message: 'must not lie before from' }]);
  return bounds;
}

function bound(field: string, text: string | undefined): Bound | null {
  const parsed = text === undefined ? null : parseBound(text);
  if (text !== undefined && !parsed) {
    throw invalid([{ field, message: 'must be a position or a time of ISO 8601 with its offset' }]);
  }
  return parsed;
}
