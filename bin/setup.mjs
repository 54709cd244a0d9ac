/**
 * Runs before everything else, on whatever Node the machine has (20 or newer), with built-ins only:
 * brings the npm packages of the lockfile and the servers' programs, where they are missing. When
 * everything is there it looks and leaves.
 *
 *   --for-tests   also what the tests need (luacheck, chromium)
 *   NO_APT=1      never installs a program of the machine, only says what is missing
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findEdgeProgram, findProgram, SERVER_PROGRAMS } from './supervisor/binaries.mjs';

const REPO = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const STAMP = join(REPO, 'node_modules', '.lockfile-sha256');
/** What npm itself notes after each installation. */
const INSTALLED = join(REPO, 'node_modules', '.package-lock.json');
const POLICY = '/usr/sbin/policy-rc.d';
const LUACHECK = { program: 'luacheck', envs: [], apt: ['lua-check'], brew: ['luacheck'] };
const CHROMIUM = { program: 'chromium', envs: [], apt: ['chromium'], brew: ['chromium'] };
const TAIL_LINES = 8;

/** What cannot be mended here; its message is the one line the human gets. */
class SetupError extends Error {}

function main() {
  const forTests = process.argv.includes('--for-tests');
  requireNode();
  installPackages();
  installPrograms([...SERVER_PROGRAMS, ...(forTests ? [LUACHECK, CHROMIUM] : [])]);
}

function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    throw new SetupError(`Node ${process.versions.node} is too old: install 20 or newer`);
}

/** `npm ci`, unless what is installed is what the lockfile says. */
function installPackages() {
  const lockfile = readFileSync(join(REPO, 'package-lock.json'), 'utf8');
  const wanted = createHash('sha256').update(lockfile).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  if (isInstalled(JSON.parse(lockfile).packages)) {
    writeFileSync(STAMP, wanted);
    return;
  }
  step('npm packages (npm ci)', () => {
    const failure = run(process.platform === 'win32' ? 'npm.cmd' : 'npm', [
      'ci',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
    if (failure) throw new SetupError(`npm ci failed:\n${failure}`);
    writeFileSync(STAMP, wanted);
  });
}

/** True when a former `npm install` brought every package in the version of the lockfile. */
function isInstalled(packages) {
  if (!existsSync(INSTALLED)) return false;
  const installed = JSON.parse(readFileSync(INSTALLED, 'utf8')).packages;
  // Optional ones are the binaries of other machines.
  return Object.entries(packages)
    .filter(([path, { optional }]) => path !== '' && !optional)
    .every(([path, { version }]) => installed[path]?.version === version);
}

function installPrograms(rows) {
  const missing = rows.filter((row) => !isThere(row));
  if (missing.length === 0) return;
  const apt = aptCommand();
  if (!apt) throw new SetupError(howToInstall(missing));
  const packages = missing.flatMap((row) => row.apt);
  step(`apt-get install ${packages.join(' ')}`, () => installWithApt(apt, packages));
  const still = missing.filter((row) => !isThere(row));
  if (still.length > 0) throw new SetupError(howToInstall(still));
}

/** A program is there when it is found, or when every setting that replaces it names a server. */
function isThere({ program, envs }) {
  if (envs.length > 0 && envs.every((env) => process.env[env])) return true;
  return Boolean(program === 'nginx' ? findEdgeProgram() : findProgram(program));
}

/** How to call apt-get here without a question being asked; undefined when one may not. */
function aptCommand() {
  if (process.env.NO_APT || process.platform !== 'linux' || !findProgram('apt-get'))
    return undefined;
  if (process.getuid() === 0) return ['apt-get'];
  if (!findProgram('sudo') || run('sudo', ['-n', 'true'])) return undefined;
  return ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
}

/**
 * Installs packages without letting them start services: the system runs its own, privately.
 * Package lists are only fetched when the ones at hand do not lead to the packages.
 */
function installWithApt([command, ...before], packages) {
  const install = [...before, 'install', '-y', '--no-install-recommends', ...packages];
  const withoutServices = forbidServices(command === 'sudo');
  try {
    if (!run(command, install)) return;
    const update = run(command, [...before, 'update', '-q']);
    if (update) throw new SetupError(`apt-get update failed:\n${update}`);
    const failure = run(command, install);
    if (failure) throw new SetupError(`apt-get install failed:\n${failure}`);
  } finally {
    withoutServices();
  }
}

/** Forbids package scripts to start services, unless the machine has its own rule. */
function forbidServices(withSudo) {
  if (existsSync(POLICY)) return () => undefined;
  const shell = (line) =>
    withSudo ? run('sudo', ['-n', 'sh', '-c', line]) : run('sh', ['-c', line]);
  const allow = () => shell(`rm -f ${POLICY}`);
  const failure = shell(`printf '#!/bin/sh\\nexit 101\\n' > ${POLICY} && chmod 755 ${POLICY}`);
  if (failure) throw new SetupError(`cannot write ${POLICY}:\n${failure}`);
  const interrupted = () => {
    allow();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  return () => {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    allow();
  };
}

/** The one sentence for a machine where we may not, or cannot, install. */
function howToInstall(rows) {
  const names = rows.map(({ program }) => (program === 'nginx' ? 'nginx with Lua' : program));
  const apt = rows.flatMap((row) => row.apt).join(' ');
  const brew = rows.flatMap((row) => row.brew).join(' ');
  return (
    `missing: ${names.join(', ')}. ` +
    `Debian/Ubuntu: sudo apt-get install -y --no-install-recommends ${apt}; ` +
    `macOS: brew install ${brew}; ` +
    'Windows: run this inside WSL (wsl --install -d Debian) and use the Debian line. ' +
    'Then start again.'
  );
}

/** Runs a command quietly. @returns undefined when it went well, else the end of what it said */
function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: REPO,
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return undefined;
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim() || error?.message || `exit ${status}`;
  return said.split('\n').slice(-TAIL_LINES).join('\n');
}

/** One line per step that does something, with its seconds. */
function step(title, work) {
  const begunMs = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`  … ${title}`);
  work();
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(1);
  process.stdout.write(`${process.stdout.isTTY ? '\r' : ''}  ✓ ${title}  ${seconds} s\n`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`\n  ${error.message}\n`);
  process.exitCode = 1;
}
