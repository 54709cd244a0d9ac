/**
 * What a service wears that owns a table: moleculer-db over the one connection pool of the process.
 *
 * Always true: none of moleculer-db's own actions exist (they would let a caller query, sort and
 * write any column); tables are made by migrations, never by a model; the pool is not in the schema
 * (Moleculer clones schemas) and is not closed by a service.
 */
import type { ServiceSchema } from 'moleculer';
import DbService from 'moleculer-db';
import SqlAdapter from 'moleculer-db-adapter-sequelize';
import type { Model, ModelAttributes, ModelStatic } from 'sequelize';
import { database, databaseHealth } from './database.ts';

const tables = new Map<string, ModelAttributes>();

/** Says which columns a table has, as its migration made them. */
export const declareTable = (name: string, columns: ModelAttributes): void => {
  tables.set(name, columns);
};

/** The model of a table that was declared, on the pool of this process. */
export function modelOf<Row extends object>(name: string): ModelStatic<Model<Row, Row>> {
  const db = database();
  const known = db.isDefined(name) ? db.model(name) : db.define(name, columnsOf(name));
  return known as ModelStatic<Model<Row, Row>>;
}

/** A copy each time: Sequelize writes into it, and two columns may share an object. */
function columnsOf(name: string): ModelAttributes {
  const columns = tables.get(name);
  if (!columns) throw new Error(`no table ${name} was declared`);
  return Object.fromEntries(
    Object.entries(columns).map(([column, is]) => [
      column,
      typeof is === 'object' && 'type' in is ? { ...is } : is,
    ]),
  );
}

interface Worn {
  schema: object;
  model: unknown;
}

/** The stock adapter opens its own pool, defines and syncs; this one takes what is there. */
class SharedPoolAdapter extends SqlAdapter {
  readonly tableName: string;
  declare broker: unknown;
  declare service: Worn;
  declare db: unknown;
  declare model: unknown;

  constructor(tableName: string) {
    super({});
    this.tableName = tableName;
  }
  override init(broker: unknown, service: unknown): void {
    this.broker = broker;
    this.service = service as Worn;
  }
  override async connect(): Promise<void> {
    await database().authenticate();
    this.db = database();
    this.model = modelOf(this.tableName);
    this.service.model = this.model;
  }
  override async disconnect(): Promise<void> {
    // The pool belongs to the process: other services of it are still writing.
  }
}

/**
 * The mixin of a service with a table. It retries until MySQL is there, and answers `health`.
 * @param columns of the table, as its migration made them
 */
export function table(name: string, columns: ModelAttributes): Partial<ServiceSchema> {
  declareTable(name, columns);
  const worn = {
    mixins: [{ ...DbService, actions: {} } as Partial<ServiceSchema>],
    adapter: new SharedPoolAdapter(name),
    settings: { idField: 'id' },
    actions: {
      health: {
        visibility: 'public',
        params: { $$strict: true },
        handler: () => databaseHealth(),
      },
    },
  };
  return worn as Partial<ServiceSchema>;
}
