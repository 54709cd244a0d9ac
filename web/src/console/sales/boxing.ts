/** A rectangle drawn over the map with a held pointer, and the seats that lie in it. */
import { computed, ref } from 'vue';
import type { SeatMap } from '../../../seat-map/index.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}
interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}
const between = (a: Point, b: Point): Rectangle => ({
  left: Math.min(a.x, b.x),
  top: Math.min(a.y, b.y),
  width: Math.abs(a.x - b.x),
  height: Math.abs(a.y - b.y),
});

/** Smaller than this it was a tap of a trembling hand. */
const TREMBLE_PX = 6;

/**
 * @param isOn whether a pointer that is pressed begins a rectangle
 * @param chosen is told what lies in it
 */
export function useBoxing(
  mapOf: () => SeatMap | undefined,
  seatsOf: () => Iterable<number>,
  isOn: (event: PointerEvent) => boolean,
  chosen: (seats: readonly number[]) => void,
) {
  const from = ref<Point>();
  const to = ref<Point>();
  const rectangle = computed(() => from.value && to.value && between(from.value, to.value));

  const down = (event: PointerEvent) => {
    const target = event.target as HTMLElement;
    if (event.button !== 0 || target.tagName !== 'CANVAS' || !isOn(event)) return;
    // The map shall not be dragged by it.
    event.stopPropagation();
    event.preventDefault();
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    from.value = { x: event.clientX, y: event.clientY };
    to.value = from.value;
  };
  const move = (event: PointerEvent) => {
    if (from.value) to.value = { x: event.clientX, y: event.clientY };
  };
  const up = () => {
    const box = rectangle.value;
    const map = mapOf();
    from.value = undefined;
    to.value = undefined;
    if (!box || !map || Math.hypot(box.width, box.height) < TREMBLE_PX) return;
    const inside = [...seatsOf()].filter((seat) => {
      const { x, y } = map.pointOf(seat);
      const [right, bottom] = [box.left + box.width, box.top + box.height];
      return x >= box.left && x <= right && y >= box.top && y <= bottom;
    });
    chosen(inside);
  };
  const cancel = () => {
    from.value = undefined;
    to.value = undefined;
  };
  /** Where to paint it inside an element. */
  const styleIn = (element: HTMLElement | undefined) => {
    const box = rectangle.value;
    if (!box || !element) return undefined;
    const { left, top } = element.getBoundingClientRect();
    return {
      left: `${box.left - left}px`,
      top: `${box.top - top}px`,
      width: `${box.width}px`,
      height: `${box.height}px`,
    };
  };
  return { rectangle, down, move, up, cancel, styleIn };
}
