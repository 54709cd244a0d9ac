/** The drawing thread: takes a question, answers it, waits for the next. Nothing else is here. */
import { parentPort } from 'node:worker_threads';
import { wordOf } from '../../contracts/errors.ts';
import { type Question, type Reply, TASKS } from './tasks.ts';

function replyTo({ id, task, input }: Question): Reply {
  try {
    const run = TASKS[task] as (...input: readonly unknown[]) => unknown;
    return { id, answer: run(...input) };
  } catch (error) {
    const word = wordOf(error);
    if (word) return { id, word, data: (error as { data?: unknown }).data };
    return { id, bug: (error as Error).stack ?? String(error) };
  }
}

parentPort!.on('message', (question: Question) => parentPort!.postMessage(replyTo(question)));
