/** An edge whose catalogue has a generation, and a Node behind it that counts what it is asked. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { newId } from '../../contracts/ids.ts';
import { cacheKey } from '../../contracts/keys.ts';
import { type Answer, newSession, Stage, type StageOptions } from './stage.ts';

export interface Kept {
  readonly stage: Stage;
  /** The key in the cache Redis. */
  readonly key: string;
  readonly redis: Redis;
  /** Writes a new generation, as a change of the catalogue does, and waits until it is in force. */
  move(): Promise<void>;
  /** The keys under which answers are kept at this moment. */
  keys(): string[];
  /** Where the answer to a target is kept, of which there is one. */
  file(target: string): string;
  end(): Promise<void>;
}

/** A catalogue's answer as the gateway gives one. */
export function answerJson(res: ServerResponse, tag: string, body: object): void {
  const text = JSON.stringify(body);
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'public, max-age=0, must-revalidate',
    ETag: `"${tag}"`,
  });
  res.end(text);
}

/** Answers with how often Node has been asked. */
export function counting(stage: Stage): void {
  stage.doors.behave = (_req, res) => {
    const n = stage.doors.seen.length;
    answerJson(res, `v${n}`, { n });
  };
}

export async function startKept(options: StageOptions = {}): Promise<Kept> {
  const stage = await Stage.start(options);
  const redis = new Redis(stage.config.cacheUrl);
  redis.on('error', () => undefined); // it is stopped in a test
  const key = cacheKey(stage.config.namespace, 'catalogue:generation');
  const files = () =>
    readdirSync(join(stage.dir, 'cache'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
  const keys = () => files().flatMap(keyIn);
  const kept: Kept = {
    stage,
    key,
    redis,
    keys,
    file: (target) => files().find((path) => keyIn(path)[0]?.endsWith(` ${target}`))!,
    async move() {
      const id = newId(Date.now(), randomBytes);
      await redis.set(key, id);
      await vi.waitFor(
        async () => {
          await stage.ask(`/api/v1/shows/${newSession()}`);
          expect(keys().some((line) => line.startsWith(`${id}.`))).toBe(true);
        },
        { timeout: 5_000, interval: 20 },
      );
      stage.doors.seen.length = 0;
    },
    async end() {
      redis.disconnect();
      await stage.end();
    },
  };
  counting(stage);
  await kept.move();
  return kept;
}

/** A file of the cache says under which key it is kept. */
function keyIn(path: string): string[] {
  try {
    return /^KEY: (.*)$/m.exec(readFileSync(path, 'latin1').slice(0, 4_096))?.slice(1) ?? [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // replaced at this moment
    throw error;
  }
}

/** What the edge says of where an answer came from. */
export const from = (answer: Answer): unknown => answer.headers['x-cache'];
