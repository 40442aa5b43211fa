/**
 * From names to addresses. A name server that does not answer must hold up nobody but those who asked for that name:
 * the system's own lookup goes through four threads that everything in the process shares, so it is used only where
 * DNS itself has no answer (names of /etc/hosts), and once at a time for each name.
 */
import { lookup, Resolver } from 'node:dns/promises';

/** @returns every address of the name; none when there is none. Rejects or not: who asks treats it alike */
export type ResolveHost = (hostname: string) => Promise<string[]>;

const options = { timeout: 2000, tries: 2 };

/** DNS knows nothing of the name, or there is no DNS at all. */
const unanswered = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'];

export class HostResolver {
  private readonly underWay = new Map<string, Promise<string[]>>();

  resolve(hostname: string): Promise<string[]> {
    const asked = this.underWay.get(hostname);
    if (asked) return asked;
    const asking = resolveOnce(hostname).finally(() => this.underWay.delete(hostname));
    this.underWay.set(hostname, asking);
    return asking;
  }
}

async function resolveOnce(hostname: string): Promise<string[]> {
  // A name of one label is of /etc/hosts or of a search domain, both of which only the system knows.
  if (!hostname.includes('.')) return bySystem(hostname);
  const resolver = new Resolver(options);
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const codes = answers.map((answer) =>
    answer.status === 'rejected' ? (answer.reason as { code?: string }).code : '',
  );
  return codes.every((code) => unanswered.includes(code ?? '')) ? bySystem(hostname) : [];
}

async function bySystem(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}
