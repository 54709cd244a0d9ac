/**
 * The packed form of a hall's states: two bits per index, four indexes per byte, the first in the
 * two highest bits. `00` AVAILABLE, `01` LOCKED, `10` SOLD, `11` a gap; base64, because it travels
 * inside JSON beside its epoch and version. The last byte is filled up with `11`.
 *
 * 60,000 seats are 20 KB this way and 60 KB as a string of states.
 */
import { GAP_MARK } from '../../contracts/seat.ts';

const BITS = new Uint8Array(128).fill(0b11);
for (const [mark, bits] of Object.entries({ 0: 0b00, 1: 0b01, 2: 0b10, [GAP_MARK]: 0b11 }))
  BITS[mark.charCodeAt(0)] = bits;

const bitsAt = (states: string, seat: number): number =>
  seat < states.length ? BITS[states.charCodeAt(seat)]! : 0b11;

export function packStates(states: string): string {
  const bytes = Buffer.alloc(Math.ceil(states.length / 4));
  for (let i = 0; i < bytes.length; i++) {
    const seat = i * 4;
    bytes[i] =
      (bitsAt(states, seat) << 6) |
      (bitsAt(states, seat + 1) << 4) |
      (bitsAt(states, seat + 2) << 2) |
      bitsAt(states, seat + 3);
  }
  return bytes.toString('base64');
}
