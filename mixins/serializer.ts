/**
 * JSON on the bus, with bytes as base64. Moleculer's own JSON writes a chunk of a stream as a list
 * of numbers: four times its size, and a second of both processes for a plan of 16 MB.
 */
import { Serializers } from 'moleculer';

/** Where a packet carries a chunk of a stream: a request's, an answer's. */
const CARRIERS = ['params', 'data'] as const;
type Packet = Record<string, unknown>;
interface Wrapped {
  readonly type?: unknown;
  readonly data?: unknown;
}

export class ByteSerializer extends Serializers.JSON {
  override serialize(packet: Packet): Buffer {
    const carrier = CARRIERS.find((name) => Buffer.isBuffer(packet[name]));
    if (!carrier) return Buffer.from(JSON.stringify(packet));
    const data = (packet[carrier] as Buffer).toString('base64');
    return Buffer.from(JSON.stringify({ ...packet, [carrier]: { type: 'Buffer', data } }));
  }

  override deserialize(bytes: Buffer): Packet {
    const packet = JSON.parse(bytes.toString()) as Packet;
    if (packet.stream !== true) return packet;
    for (const carrier of CARRIERS) {
      const { type, data } = (packet[carrier] ?? {}) as Wrapped;
      // As Moleculer knows it: it makes a buffer of the `data` of whatever says it is one.
      if (type === 'Buffer' && typeof data === 'string')
        packet[carrier] = { type, data: Buffer.from(data, 'base64') };
    }
    return packet;
  }
}
