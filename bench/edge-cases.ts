/**
 * What `bench:edge` asks: a case is a request, the status it must be answered with, and how much of
 * a worker it may cost, as a multiple of a static answer of the same edge. A case without a goal is
 * there to compare with.
 */
import { randomBytes } from 'node:crypto';
import { newId } from '../contracts/ids.ts';
import type { Edge, Stage } from './edge-stage.ts';
import type { Question } from './load.ts';

const DISTINCT = 20_000;

export interface Case extends Question {
  readonly says: string;
  readonly edge: Edge;
  readonly most?: number;
}

type Headers = Readonly<Record<string, string>>;

function request(line: string, headers: Headers = {}, body = ''): Buffer {
  const all = { Host: 'tickets.example', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

const BODY = '{"seats":[1]}';

const lock = (sale: string, headers: Headers = {}) =>
  request(
    `POST /api/v1/sessions/${sale}/locks`,
    { ...headers, 'Content-Type': 'application/json', 'Content-Length': String(BODY.length) },
    BODY,
  );

const many = (make: (uid: string) => Buffer) =>
  Array.from({ length: DISTINCT }, (_, n) => make(`buyer${n}`));

/** The static answer of an edge, which is the measure of the others. */
export const staticOf = ({ port }: Edge): Question => ({
  port,
  requests: [request('GET /healthz')],
  status: 200,
});

export function casesOf({ wide, narrow, sales, token, permit }: Stage): Case[] {
  const bearer = (uid: string) => ({ Authorization: `Bearer ${token(uid)}` });
  const buyer = (uid: string, sale: string) => ({ ...bearer(uid), 'X-Permit': permit(uid, sale) });
  const forged = (uid: string) => {
    const signature = randomBytes(32).toString('base64url');
    return { Authorization: `Bearer ${token(uid).replace(/[^.]+$/, signature)}` };
  };
  const on = (edge: Edge) => ({ edge, port: edge.port });
  return [
    {
      ...on(wide),
      says: 'sold out',
      most: 1.25,
      status: 409,
      requests: [lock(sales.soldOut, buyer('one', sales.soldOut))],
    },
    {
      ...on(narrow),
      says: 'too many of one address, without a token',
      most: 1.35,
      status: 429,
      passing: 401,
      requests: [lock(sales.open)],
    },
    {
      ...on(narrow),
      says: 'too many of one uid',
      most: 1.6,
      status: 429,
      passing: 409,
      requests: [lock(sales.closed, buyer('one', sales.closed))],
    },
    {
      ...on(wide),
      says: 'not reserved, 20,000 buyers',
      most: 2,
      status: 403,
      requests: many((uid) => lock(sales.reserved, buyer(uid, sales.reserved))),
    },
    {
      ...on(wide),
      says: 'forged token, 20,000 of them',
      most: 2,
      status: 401,
      requests: many((uid) => lock(sales.open, forged(uid))),
    },
    {
      ...on(wide),
      says: 'a show from the cache, 2 KB',
      most: 1.7,
      status: 200,
      requests: [request(`GET /api/v1/shows/${newId(Date.now(), randomBytes)}`)],
    },
    { ...on(wide), says: 'no token', status: 401, requests: [lock(sales.open)] },
    {
      ...on(wide),
      says: 'closed sale',
      status: 409,
      requests: [lock(sales.closed, buyer('one', sales.closed))],
    },
    {
      ...on(wide),
      says: 'through all gates, to Node',
      status: 200,
      requests: [lock(sales.open, buyer('one', sales.open))],
    },
  ];
}
