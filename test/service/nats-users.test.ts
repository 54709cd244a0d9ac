/** Who may do what on our own NATS: a stranger nothing, a node its work, the centre its own. */
import { ServiceBroker } from 'moleculer';
import { connect, Events, type NatsConnection, type NatsError } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loggedIn, type NatsRole, natsUsers } from '../../bin/supervisor/nats-users.ts';
import { configBucket, configKey } from '../../contracts/config.ts';
import { freshNamespace, type PrivateServer, privateServer } from '../support/servers.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };
const namespace = freshNamespace();
const users = natsUsers(namespace);
const bucket = configBucket(namespace);
const key = configKey({ setting: 'dueBatch' });
process.env.NAMESPACE = namespace;
process.env.MODE = 'sandbox';

let nats: PrivateServer;
const open: { close(): Promise<unknown> }[] = [];
beforeAll(async () => {
  nats = await privateServer('nats', users);
  const { Book } = await import('../../services/config-center/book.ts');
  const { LiveValues } = await import('../../mixins/live-values.ts');
  const { readConfig } = await import('../../config/index.ts');
  book = new Book({
    url: urlOf('config-center'),
    bucket,
    known: new LiveValues(readConfig({})),
    logger: console as never,
  });
  open.push(book);
  await book.tend();
});
afterAll(async () => {
  for (const one of open.splice(0)) await one.close();
  await nats.end();
});

let book: InstanceType<typeof import('../../services/config-center/book.ts').Book>;
const urlOf = (role: NatsRole) => loggedIn(nats.url, role, users);
const change = { author: 'opal', reason: 'a test' };

async function login(user?: string, pass?: string): Promise<NatsConnection> {
  const options = { servers: new URL(nats.url).host, timeout: 2_000, maxReconnectAttempts: 0 };
  const connection = await connect({ ...options, ...(user && { user, pass: pass ?? '' }) });
  open.push(connection);
  return connection;
}
const as = (role: NatsRole) => login(role, users.passwords[role]);

/** What the server tells a connection that it may not do: the operation and its subject. */
async function refused(connection: NatsConnection, work: () => unknown): Promise<unknown> {
  const said = (async () => {
    for await (const { type, permissionContext } of connection.status())
      if (type === Events.Error) return permissionContext;
    return 'nothing';
  })();
  await work();
  return said;
}

describe('a stranger', () => {
  test.each([
    ['without a login', undefined, undefined],
    ['with a wrong password', 'node', 'guess'],
    ['with an empty password', 'config-center', ''],
    ['of another name', 'admin', users.passwords.node],
    ['with the password of another', 'config-center', users.passwords.node],
  ])('%s is not let in', async (_, user, pass) => {
    await expect(login(user, pass)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
  });
});

describe('a node', () => {
  test('calls another and is called, and reads the settings the centre wrote', async () => {
    const { joining } = await import('../../moleculer.config.ts');
    const { natsOptions } = await import('../../mixins/nats.ts');
    const { ConfigWatch } = await import('../../mixins/config-watch.ts');
    const node = (nodeID: string) =>
      new ServiceBroker({
        ...joining,
        namespace,
        nodeID,
        logger: false,
        transporter: { type: 'NATS', options: natsOptions(urlOf('node')) },
      });
    const [asker, answerer] = [node('asker'), node('answerer')];
    answerer.createService({
      name: 'trial',
      actions: { ask: { visibility: 'public', handler: () => 'answered' } },
    });
    for (const broker of [asker, answerer]) {
      open.push({ close: () => broker.stop() });
      await broker.start();
    }
    const ask = () => asker.call('trial.ask', {}).catch(String);
    await expect.poll(ask, PATIENCE).toBe('answered');

    const heard: string[] = [];
    const watch = new ConfigWatch({
      url: urlOf('node'),
      bucket,
      name: 'reader',
      logger: console as never,
      hear: (name, revision) => heard.push(`${name} ${revision}`),
    });
    open.push({ close: () => watch.stop() });
    await watch.begun;
    const { revision } = (await book.write(key, { ...change, value: 7 }, 0))!;
    await expect.poll(() => heard, PATIENCE).toContain(`${key} ${revision}`);
  });

  test.each([
    ['a setting', `$KV.BUCKET.${key}`],
    ['the bucket’s definition', '$JS.API.STREAM.UPDATE.KV_BUCKET'],
    ['its end', '$JS.API.STREAM.DELETE.KV_BUCKET'],
    ['its emptying', '$JS.API.STREAM.PURGE.KV_BUCKET'],
    ['one message of it', '$JS.API.STREAM.MSG.DELETE.KV_BUCKET'],
    ['another stream', '$JS.API.STREAM.CREATE.mine'],
    ['another system', 'MOL-other.REQ.order-1'],
    ['the server', '$SYS.REQ.SERVER.PING'],
    ['anything else', 'anything.else'],
  ])('may not write %s', async (_, pattern) => {
    const subject = pattern.replace('BUCKET', bucket);
    const node = await as('node');
    const said = await refused(node, () => node.publish(subject, '{}'));
    expect(said).toEqual({ operation: 'publish', subject });
  });

  test.each(['>', 'MOL-other.>', '$SYS.>', '$KV.>'])('may not hear %s', async (subject) => {
    const node = await as('node');
    const said = await refused(node, () => {
      node.subscribe(subject, { callback: () => undefined });
    });
    expect(said).toEqual({ operation: 'subscription', subject });
  });

  test('that tries to write a setting changes nothing', async () => {
    const before = await book.read(key);
    const kv = await (await as('node')).jetstream({ timeout: 1_000 }).views.kv(bucket, {
      bindOnly: true,
    });
    const asked = kv.put(key, 'x').catch((error: NatsError) => error.code);
    expect(await asked).toMatch(/PERMISSIONS_VIOLATION|TIMEOUT|503/);
    expect((await book.read(key))!.last).toEqual(before!.last);
  });
});

test('the config centre writes its own bucket, and nobody’s else', async () => {
  const last = (await book.read(key))?.last.get(key) ?? 0;
  expect((await book.write(key, { ...change, value: 8 }, last))!.revision).toBeGreaterThan(last);
  const centre = await as('config-center');
  for (const subject of ['$KV.other-config.x', '$JS.API.STREAM.DELETE.KV_other-config']) {
    const said = await refused(centre, () => centre.publish(subject));
    expect(said).toEqual({ operation: 'publish', subject });
  }
});
