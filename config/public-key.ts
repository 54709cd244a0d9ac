/**
 * A public key as JWT_PUBLIC_KEYS writes it. Always true: a key is of the kind its algorithm needs,
 * and is used with no other algorithm.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';

/** The algorithms a public key may be pinned to: what each needs, and whether a key is that. */
const ALGORITHMS = {
  RS256: {
    needs: 'an RSA key of 2048 bits or more',
    fits: ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) =>
      asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048,
  },
  ES256: {
    needs: 'an EC key on the curve P-256',
    fits: ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) =>
      asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1',
  },
} as const;

type Algorithm = keyof typeof ALGORITHMS;

export interface PublicKey {
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/**
 * Reads one key.
 * @param base64 of its SPKI in DER: what stands between the lines of a PEM file `PUBLIC KEY`
 * @returns the key, or what is wrong with it
 */
export function publicKeyOf(algorithm: string, base64: string): PublicKey | string {
  if (!Object.hasOwn(ALGORITHMS, algorithm))
    return `algorithm must be one of ${Object.keys(ALGORITHMS).join(', ')}`;
  const { needs, fits } = ALGORITHMS[algorithm as Algorithm];
  const key = keyIn(base64);
  if (!key || !fits(key))
    return `${algorithm} needs ${needs}, as the base64 of its SPKI DER in one line`;
  return { algorithm: algorithm as Algorithm, key };
}

function keyIn(base64: string): KeyObject | undefined {
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) return undefined;
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined; // whatever it is, it is no public key
  }
}
