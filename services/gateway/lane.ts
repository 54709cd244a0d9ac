/**
 * Which lane a request is in. The rules are settings of the config centre; whoever is not known by
 * a token is in the stable one, so what the edge keeps of the catalogue is of the stable lane.
 */
import { hash } from 'node:crypto';
import type { LiveConfig } from '../../config/index.ts';
import type { Principal } from '../../contracts/claims.ts';
import { LANES, type Lane } from '../../contracts/lane.ts';

type Rules = Pick<LiveConfig, 'grayPercent' | 'graySalt' | 'grayUids' | 'grayTesters'>;

const OF_HASH = 2 ** 32;

/**
 * The place of a uid in a rollout, from 0 up to but not including 100: the first four bytes of an
 * MD5. A uid keeps its place, so a percentage that grows only lets more in.
 */
export function placeOf(uid: string, salt: string): number {
  return (hash('md5', `${salt}:${uid}`, 'buffer').readUInt32BE(0) / OF_HASH) * 100;
}

const lists = (text: string, uid: string): boolean => text !== '' && text.split(',').includes(uid);

/**
 * @param asked what the request's header `X-Lane` says: anybody can say it, few are obeyed
 */
export function laneFor(
  user: Principal | undefined,
  asked: string | string[] | undefined,
  rules: Rules,
): Lane {
  if (!user) return 'stable';
  const { uid, role } = user;
  const wish = LANES.find((lane) => lane === asked);
  if (wish && (role === 'operator' || lists(rules.grayTesters, uid))) return wish;
  if (lists(rules.grayUids, uid)) return 'gray';
  const { grayPercent, graySalt } = rules;
  return grayPercent > 0 && placeOf(uid, graySalt) < grayPercent ? 'gray' : 'stable';
}
