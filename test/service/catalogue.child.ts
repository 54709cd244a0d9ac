/** A process of the catalogue: its services on one node, named by the first argument. */
import { ServiceBroker } from 'moleculer';
import { joining } from '../../moleculer.config.ts';
import seatTemplate from '../../services/seat-template/seat-template.service.ts';
import session from '../../services/session/session.service.ts';
import show from '../../services/show/show.service.ts';
import venue from '../../services/venue/venue.service.ts';

const broker = new ServiceBroker({
  ...joining,
  nodeID: process.argv[2]!,
  registry: { preferLocal: true },
});
for (const schema of [show, venue, session, seatTemplate]) broker.createService(schema);
await broker.start();
