/**
 * Whom this process believes to be the edge. A certificate made for development is signed by
 * nobody, so whoever shall speak to its edge has to know the certificate itself. It is added to the
 * authorities of the whole process: verification stays on, for every client and every other server.
 */
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Config } from './index.ts';

/** Believes the certificate that was made for this edge, if there is one yet. */
export function trustEdge({ edgeTls, edgeTlsCert }: Config): void {
  if (edgeTls !== 'self-signed') return;
  try {
    const own = readFileSync(edgeTlsCert, 'utf8');
    setDefaultCACertificates([...getCACertificates('default'), own]);
  } catch (error) {
    // Before the first start there is none; whoever makes it believes it then.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
