/**
 * Keeps programs alive. A program that was ready once and exits is started again: within a second
 * the first time, then doubling, at most every five. Each program leads its own process group (so
 * Ctrl-C reaches the supervisor alone, and whoever it leaves behind is found), writes to its own
 * log, and is recorded under `<run dir>/pids` for as long as it lives.
 *
 * Events: `exit {name, pid, how}`, `restart {name, pid, waitedMs}`, `ready {name, afterMs}`, and
 * `stopped {name, tookMs}` for what was asked to leave.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginLog, logPath, openLog, tellingLine, trimLog } from './log-files.ts';
import { forgetPid, recordPid, signalProcess } from './pids.ts';
import { type Program, STOP_WAVES, StartError } from './program.ts';

const REPO = resolve(import.meta.dirname, '../..');
const FIRST_WAIT_MS = 250;
const WAIT_MAX_MS = 5_000;
/** Having lived this long, a program starts its back-off from the beginning. */
const STEADY_MS = 10_000;
const DRAIN_MAX_MS = 15_000;
const POLL_MS = 40;
const TRIM_EVERY_MS = 5_000;

interface Slot {
  readonly program: Program;
  child: ChildProcess | undefined;
  startedAtMs: number;
  /** Exits in a row without a steady life between them. */
  failures: number;
  phase: Phase;
  restartTimer: NodeJS.Timeout | undefined;
}

/**
 * An exit while `starting` fails the start, while `kept` is answered by a restart, else is wanted.
 */
type Phase = 'starting' | 'kept' | 'stopping';

export interface SupervisorEvents {
  exit: [{ name: string; pid: number; how: string }];
  restart: [{ name: string; pid: number; waitedMs: number }];
  ready: [{ name: string; afterMs: number }];
  stopped: [{ name: string; tookMs: number }];
}

export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #slots = new Map<string, Slot>();
  readonly #trimming: NodeJS.Timeout;
  readonly runDir: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #dress: (program: Program) => Program;
  #closed = false;

  /**
   * @param environment what every program gets beside its own `env`
   * @param dress a program as it is to be started
   */
  constructor(
    runDir: string,
    environment: NodeJS.ProcessEnv,
    dress = (program: Program): Program => program,
  ) {
    super();
    this.runDir = runDir;
    this.#environment = environment;
    this.#dress = dress;
    this.#trimming = setInterval(() => {
      for (const [name, { program }] of this.#slots)
        for (const path of [logPath(runDir, name), ...(program.logs ?? [])]) trimLog(path);
    }, TRIM_EVERY_MS).unref();
  }

  /**
   * Starts a program and waits until it is ready. From then on it is kept alive.
   * @throws StartError when it exits first, or takes longer than its `readyMs`
   */
  async start(program: Program): Promise<void> {
    const { name } = program;
    if (this.#closed) throw new StartError(`${name} was stopped before it started`);
    if (this.#slots.has(name) && this.#slot(name).phase !== 'stopping')
      throw new Error(`${name} was started before`);
    const slot: Slot = {
      program,
      child: undefined,
      startedAtMs: 0,
      failures: 0,
      phase: 'starting',
      restartTimer: undefined,
    };
    this.#slots.set(name, slot);
    beginLog(this.runDir, name);
    await program.prepare?.();
    // A stop may have come in the meantime.
    if (slot.phase !== 'starting') return;
    this.#spawn(slot);
    await this.waitReady(name);
    if (slot.phase === 'starting') slot.phase = 'kept';
  }

  /**
   * Waits until a program says it is ready.
   * @throws StartError after `timeoutMs`, or when it exits during its first start
   */
  async waitReady(name: string, timeoutMs = this.#slot(name).program.readyMs): Promise<void> {
    const slot = this.#slot(name);
    const until = Date.now() + timeoutMs;
    while (!(slot.child && (await slot.program.ready()))) {
      if (slot.phase === 'stopping') throw new StartError(`${name} was stopped while it started`);
      if (slot.phase === 'starting' && !slot.child) throw this.#failure(name, 'ended at its start');
      if (Date.now() > until) {
        const lacks = await slot.program.lacks?.();
        throw this.#failure(name, `was not ready in ${timeoutMs} ms`, lacks);
      }
      await sleep(POLL_MS);
    }
  }

  /** The pid it has now; undefined between two lives. */
  pidOf(name: string): number | undefined {
    return this.#slot(name).child?.pid;
  }

  /** Names of all programs, in the order of their start. */
  names(): string[] {
    return [...this.#slots.keys()];
  }

  /** Sends a signal, SIGKILL by default; the program comes back as after any exit. */
  kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    const pid = this.pidOf(name);
    if (pid !== undefined) signalProcess(pid, signal);
  }

  /** Stops the clock of a program and its children. */
  pause(name: string): void {
    this.#signalGroup(this.#slot(name), 'SIGSTOP');
  }

  resume(name: string): void {
    this.#signalGroup(this.#slot(name), 'SIGCONT');
  }

  /** Drains a program, starts it again and waits until it is ready. */
  async restart(name: string): Promise<void> {
    const { program } = this.#slot(name);
    await this.stop(name);
    await this.start(program);
  }

  /** Kills a program, and keeps it down until `revive`. */
  async halt(name: string): Promise<void> {
    const slot = this.#slot(name);
    this.#giveUp(slot);
    if (!slot.child) return;
    const exited = once(slot.child, 'exit');
    this.#signalGroup(slot, 'SIGKILL');
    await exited;
  }

  /** Starts a program that was halted or stopped; it is kept alive again. */
  revive(name: string): void {
    const slot = this.#slot(name);
    if (this.#closed || slot.phase !== 'stopping') return;
    slot.phase = 'kept';
    slot.failures = 0;
    this.#startAgain(slot, 0);
  }

  /** Drains one program, for good: SIGKILL when it has not left in time. */
  async stop(name: string): Promise<void> {
    const slot = this.#slot(name);
    this.#giveUp(slot);
    const { child } = slot;
    if (!child?.pid) return;
    const exited = once(child, 'exit');
    const askedMs = Date.now();
    this.#signalGroup(slot, 'SIGCONT');
    signalProcess(child.pid, slot.program.drainSignal);
    const { drainMaxMs = DRAIN_MAX_MS } = slot.program;
    const killing = setTimeout(() => this.#signalGroup(slot, 'SIGKILL'), drainMaxMs);
    await exited;
    clearTimeout(killing);
    this.emit('stopped', { name, tookMs: Date.now() - askedMs });
  }

  /** Drains everything, wave by wave. */
  async stopAll(): Promise<void> {
    this.#closed = true;
    for (const slot of this.#slots.values()) this.#giveUp(slot);
    for (const wave of STOP_WAVES) {
      const names = this.names().filter((name) => this.#slot(name).program.wave === wave);
      await Promise.all(names.map((name) => this.stop(name)));
    }
    clearInterval(this.#trimming);
  }

  /** Ends everything at once, without a promise: for the last moment of a dying process. */
  killAll(): void {
    for (const slot of this.#slots.values()) {
      this.#giveUp(slot);
      this.#signalGroup(slot, 'SIGKILL');
    }
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (!slot) throw new Error(`the supervisor knows no ${name}`);
    return slot;
  }

  /** From here on its exit is wanted. */
  #giveUp(slot: Slot): void {
    slot.phase = 'stopping';
    clearTimeout(slot.restartTimer);
  }

  /** @param said why, in its own words; what its log says when it has none */
  #failure(name: string, what: string, said = tellingLine(this.runDir, name)): StartError {
    return new StartError(`${name} ${what}${said && `: ${said}`} (${logPath(this.runDir, name)})`);
  }

  #signalGroup(slot: Slot, signal: NodeJS.Signals): void {
    if (slot.child?.pid) signalProcess(-slot.child.pid, signal);
  }

  #spawn(slot: Slot): void {
    const { name, command, args, env } = this.#dress(slot.program);
    const log = openLog(this.runDir, name);
    if (slot.program.dir) mkdirSync(slot.program.dir, { recursive: true });
    const child = spawn(command, args, {
      cwd: REPO,
      env: { ...this.#environment, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    slot.child = child;
    slot.startedAtMs = Date.now();
    if (child.pid) recordPid(this.runDir, name, child.pid);
    child.once('error', (error) => this.#gone(slot, child, error.message));
    child.once('exit', (code, signal) => this.#gone(slot, child, signal ?? `exit ${code}`));
  }

  #gone(slot: Slot, child: ChildProcess, how: string): void {
    if (slot.child !== child) return;
    const { name } = slot.program;
    // What a killed leader leaves behind would hold its port: nginx workers, for one.
    this.#signalGroup(slot, 'SIGKILL');
    forgetPid(this.runDir, name);
    slot.child = undefined;
    if (slot.phase !== 'kept') return;
    this.emit('exit', { name, pid: child.pid ?? 0, how });
    this.#restartLater(slot);
  }

  #restartLater(slot: Slot): void {
    if (Date.now() - slot.startedAtMs > STEADY_MS) slot.failures = 0;
    const waitedMs = Math.min(FIRST_WAIT_MS * 2 ** slot.failures, WAIT_MAX_MS);
    slot.failures += 1;
    slot.restartTimer = setTimeout(() => this.#startAgain(slot, waitedMs), waitedMs);
  }

  #startAgain(slot: Slot, waitedMs: number): void {
    this.#spawn(slot);
    const { name } = slot.program;
    this.emit('restart', { name, pid: slot.child?.pid ?? 0, waitedMs });
    this.waitReady(name).then(
      () => this.emit('ready', { name, afterMs: Date.now() - slot.startedAtMs }),
      // It ended again (and has its next restart), or was stopped: that has its own event.
      () => undefined,
    );
  }
}
