/**
 * The filter is written by Node's hashes and Redis's bits, and read by the edge's: over a million
 * uids the two agree, nobody who reserved is missed, and of the others as many pass as was meant.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { modulesConf } from '../../bin/edge.ts';
import { findEdgeProgram } from '../../bin/supervisor/binaries.mjs';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import { hashesOf, openArgs } from '../../lua/questions.ts';
import { plainHall } from '../lua/hall.ts';
import { pricesOf, termsAt } from '../lua/stage.ts';

const MILLION = 1_000_000;
/** As many seats as make the filter expect a million reservations. */
const HALL = plainHall(MILLION / 20);

/** The size of a filter, as `open` writes it for a hall. */
function sizeOf(hall: typeof HALL): { bits: number; hashes: number } {
  const { meta } = openArgs(hall, pricesOf(hall), termsAt(0), 'OPEN');
  const list = JSON.parse(String(meta)) as string[];
  const number = (name: string) => Number(list[list.indexOf(name) + 1]);
  return { bits: number('bloomBits'), hashes: number('bloomHashes') };
}
const { bits, hashes } = sizeOf(HALL);

/** Ids as ours are, and such as another issuer may give: short, long, with signs. */
const uidOf = (kind: string) => (_: unknown, i: number) =>
  i % 3 === 0 ? `${kind}${i}` : `${kind}_${i.toString(36)}-${'x'.repeat(i % 40)}`;
const reserved = Array.from({ length: MILLION }, uidOf('r'));
const others = Array.from({ length: MILLION }, uidOf('o'));

/** Both hashes of each uid, by Node. */
function hashed(uids: readonly string[]): Float64Array {
  const pairs = new Float64Array(2 * uids.length);
  uids.forEach((uid, i) => {
    const { hash1, hash2 } = hashesOf(uid);
    pairs[2 * i] = hash1;
    pairs[2 * i + 1] = hash2;
  });
  return pairs;
}
const maskOf = (position: number) => 128 >> (position & 7);

/** The bits of all, as Redis would set them, and the seal behind them. */
function bitmapOf(pairs: Float64Array): Buffer {
  const bitmap = Buffer.alloc(bits / 8 + 1);
  bitmap[bits / 8] = 128;
  for (let at = 0; at < pairs.length; at += 2)
    for (let i = 0; i < hashes; i++) {
      const position = (pairs[at]! + i * pairs[at + 1]!) % bits;
      bitmap[position >> 3]! |= maskOf(position);
    }
  return bitmap;
}

interface Verdict {
  readonly passed: number;
  /** MD5 of one character per uid: 1 passed, 0 did not. */
  readonly digest: string;
}
function verdictOfNode(bitmap: Buffer, pairs: Float64Array): Verdict {
  const answers = Buffer.alloc(pairs.length / 2, '1');
  let passed = answers.length;
  for (let at = 0; at < pairs.length; at += 2)
    for (let i = 0; i < hashes; i++) {
      const position = (pairs[at]! + i * pairs[at + 1]!) % bits;
      if ((bitmap[position >> 3]! & maskOf(position)) !== 0) continue;
      answers[at / 2] = 48;
      passed--;
      break;
    }
  return { passed, digest: createHash('md5').update(answers).digest('hex') };
}

/** Nine of ten bits, at random, the same ones each time. */
function denseBitmap(): Buffer {
  const dense = Buffer.alloc(bits / 8 + 1);
  let state = 1;
  for (let bit = 0; bit < bits; bit++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    if (state / 2 ** 32 < 0.9) dense[bit >> 3]! |= maskOf(bit);
  }
  return dense;
}

const CONF = (dir: string, port: number, user: string) => `
include ${dir}/modules.conf;
${user}
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events {}
http {
    lua_package_path "${resolve('openresty')}/?.lua;;";
    lua_shared_dict filters 8m;
    access_log off;
    client_body_temp_path ${dir}/t1; proxy_temp_path ${dir}/t2; fastcgi_temp_path ${dir}/t3;
    uwsgi_temp_path ${dir}/t4; scgi_temp_path ${dir}/t5;
    server {
        listen 127.0.0.1:${port};
        location = /judge {
            content_by_lua_block {
                local filters = require "lib.filters"
                local args = ngx.req.get_uri_args()
                local file = assert(io.open("${dir}/" .. args.bitmap, "rb"))
                local filter = filters.parse("0 ${bits} ${hashes} key")
                filter.bitmap = file:read("*a")
                file:close()
                local answers, passed = {}, 0
                for uid in io.lines("${dir}/" .. args.uids) do
                    local yes = filters.may_contain(filter, filters.hashes_of(uid))
                    passed = passed + (yes and 1 or 0)
                    answers[#answers + 1] = yes and "1" or "0"
                end
                local digest = ngx.md5(table.concat(answers))
                ngx.say('{"passed":', passed, ',"digest":"', digest, '"}')
            }
        }
    }
}`;

describe('a filter over a million reservations', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hotseat-filter-'));
  let bitmap: Buffer;
  let strangers: Float64Array;
  let url = '';
  let stop = async () => {};
  beforeAll(async () => {
    bitmap = bitmapOf(hashed(reserved));
    strangers = hashed(others);
    const port = await freePortBase();
    url = `http://127.0.0.1:${port}`;
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, 'logs'));
    writeFileSync(join(dir, 'reserved'), reserved.join('\n'));
    writeFileSync(join(dir, 'others'), others.join('\n'));
    writeFileSync(join(dir, 'bitmap'), bitmap);
    const command = findEdgeProgram()!;
    writeFileSync(join(dir, 'modules.conf'), modulesConf(command));
    const conf = join(dir, 'nginx.conf');
    writeFileSync(conf, CONF(dir, port, process.getuid?.() === 0 ? 'user root;' : ''));
    const args = ['-p', dir, '-e', join(dir, 'error.log'), '-c', conf];
    const edge = spawn(command, args, { stdio: 'inherit' });
    stop = async () => {
      const gone = once(edge, 'exit');
      edge.kill('SIGTERM');
      await gone;
    };
    await vi.waitFor(() => request(url), 10_000);
  }, 120_000);
  afterAll(async () => {
    await stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function verdictOfEdge(uids: string, bitmapFile = 'bitmap'): Promise<Verdict> {
    const { body } = await request(`${url}/judge?uids=${uids}&bitmap=${bitmapFile}`);
    return (await body.json()) as Verdict;
  }

  it('misses none of them', async () => {
    expect(await verdictOfEdge('reserved')).toMatchObject({ passed: MILLION });
  });
  it('lets about one in a hundred others pass, the same ones as for Node', async () => {
    const verdict = await verdictOfEdge('others');
    expect(verdict.passed).toBeGreaterThan(0.008 * MILLION);
    expect(verdict.passed).toBeLessThan(0.012 * MILLION);
    expect(verdict).toEqual(verdictOfNode(bitmap, strangers));
  });
  it('asks for the very same bits: with nine of ten bits set each position matters', async () => {
    const dense = denseBitmap();
    writeFileSync(join(dir, 'dense'), dense);
    const verdict = await verdictOfEdge('others', 'dense');
    expect(verdict.passed / MILLION).toBeCloseTo(0.9 ** hashes, 2);
    expect(verdict).toEqual(verdictOfNode(dense, strangers));
  });
});
