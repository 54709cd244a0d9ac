/**
 * The certificate the edge shows: one of the operator's, checked before anything starts, or one
 * made for development. That one is made once per run directory, so that who has chosen to trust it
 * need not choose again, and made anew when it is about to end or does not cover a name.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';
import type { Config } from '../config/index.ts';
import { trustEdge } from '../config/trust.ts';
import { writeWhole } from './supervisor/files.ts';
import { StartError } from './supervisor/program.ts';

type Files = Pick<Config, 'edgeTlsCert' | 'edgeTlsKey'>;

const DAY_MS = 24 * 3_600_000;
/** The longest life that browsers accept. */
const LIFE_MS = 397 * DAY_MS;
const RENEW_BEFORE_MS = 30 * DAY_MS;
const PRIVATE = 0o600;

/**
 * Makes sure that the edge has a certificate, and that this process believes in it.
 * @throws StartError in one line when the operator's files cannot be used
 */
export async function prepareCertificate(config: Config): Promise<void> {
  if (config.edgeTls === 'off') return;
  const fault = faultOf(config);
  if (config.edgeTls === 'files') {
    if (fault) throw new StartError(fault);
    return;
  }
  if (fault || !isLasting(config)) await make(config);
  trustEdge(config);
}

/** The certificate the edge shows, without its chain, as PEM. */
export const shownBy = ({ edgeTlsCert }: Files): string =>
  new X509Certificate(readFileSync(edgeTlsCert)).toString();

/** Why nginx could not use the files, or nobody would believe them; undefined when all is well. */
function faultOf({ edgeTlsCert, edgeTlsKey }: Files): string | undefined {
  let env = 'EDGE_TLS_CERT';
  try {
    const certificate = new X509Certificate(readFileSync(edgeTlsCert));
    if (certificate.validToDate.getTime() < Date.now())
      return `EDGE_TLS_CERT: ended on ${certificate.validToDate.toISOString()}: ${edgeTlsCert}`;
    env = 'EDGE_TLS_KEY';
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(edgeTlsKey))))
      return `EDGE_TLS_KEY: ${edgeTlsKey} is not the key of ${edgeTlsCert}`;
    return undefined;
  } catch (error) {
    const path = env === 'EDGE_TLS_CERT' ? edgeTlsCert : edgeTlsKey;
    return `${env}: ${path} cannot be used (${(error as Error).message})`;
  }
}

/** It will not end soon, and covers every name the edge is called by here. */
function isLasting(config: Config): boolean {
  const certificate = new X509Certificate(readFileSync(config.edgeTlsCert));
  const leftMs = certificate.validToDate.getTime() - Date.now();
  const covers = (name: string) =>
    isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name);
  return leftMs > RENEW_BEFORE_MS && namesOf(config).every(covers);
}

function namesOf({ edgeHost, publicUrl }: Config): string[] {
  const publicHost = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '');
  return [...new Set(['localhost', '127.0.0.1', '::1', edgeHost, publicHost])];
}

/**
 * Valid since yesterday, because not every clock that looks at it is right. The key is written
 * first: cut off in between, the two do not match, and the next start makes both.
 */
async function make(config: Config): Promise<void> {
  const altNames = namesOf(config).map((name) =>
    isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  );
  const beginsMs = Date.now() - DAY_MS;
  const made = await generate([{ name: 'commonName', value: 'hotseat for development' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(beginsMs),
    notAfterDate: new Date(beginsMs + LIFE_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  writeWhole(config.edgeTlsKey, made.private, PRIVATE);
  writeWhole(config.edgeTlsCert, made.cert);
}
