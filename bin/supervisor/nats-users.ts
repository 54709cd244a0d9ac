/**
 * Who may say and hear what on a NATS of our own. Two users, made up at each start: everybody is
 * `node`, the config centre alone may write the bucket of settings. What is not listed is refused,
 * the rest of JetStream's API and other namespaces above all.
 */
import { randomBytes } from 'node:crypto';
import { configBucket } from '../../contracts/config.ts';

export const NATS_ROLES = ['node', 'config-center'] as const;
export type NatsRole = (typeof NATS_ROLES)[number];

/** A NATS with users: their passwords, and the namespace they are for. */
export interface NatsUsers {
  readonly namespace: string;
  readonly passwords: Readonly<Record<NatsRole, string>>;
}

interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Calls between nodes, and the bucket of settings, read through consumers that nobody keeps. */
function rightsOf(role: NatsRole, namespace: string): Rights {
  const bucket = configBucket(namespace);
  const stream = `KV_${bucket}`;
  const heard = [`MOL-${namespace}.>`, '_INBOX.>'];
  const read = [
    '$JS.API.INFO',
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.>`,
    `$JS.API.CONSUMER.DELETE.${stream}.>`,
    `$JS.FC.${stream}.>`,
  ];
  const write = [
    `$KV.${bucket}.>`,
    `$JS.API.STREAM.CREATE.${stream}`,
    `$JS.API.STREAM.UPDATE.${stream}`,
  ];
  const more: Readonly<Record<NatsRole, readonly string[]>> = { node: [], 'config-center': write };
  return { publish: [heard[0]!, ...read, ...more[role]], subscribe: heard };
}

export const natsUsers = (namespace: string): NatsUsers => {
  const password = () => randomBytes(24).toString('base64url');
  return { namespace, passwords: { node: password(), 'config-center': password() } };
};

/** The url under which a role logs in. */
export function loggedIn(url: string, role: NatsRole, { passwords }: NatsUsers): string {
  const login = new URL(url);
  login.username = role;
  login.password = passwords[role];
  return login.href.replace(/\/$/, '');
}

/** The part of nats-server's configuration that says so. */
export function authorization({ namespace, passwords }: NatsUsers): string {
  const users = NATS_ROLES.map((role) => ({
    user: role,
    password: passwords[role],
    permissions: rightsOf(role, namespace),
  }));
  return `authorization: ${JSON.stringify({ timeout: 2, users }, null, 2)}\n`;
}
