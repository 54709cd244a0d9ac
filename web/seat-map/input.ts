/**
 * Hands on the map: wheel, drag, pinch, tap and keys, as wishes. What they mean is not known
 * here.
 */
import type { Point } from './camera.ts';
import type { Direction } from './neighbour.ts';

export interface Wishes {
  /** A hand is on the map: what moves by itself shall stand. */
  hold(): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number, at?: Point): void;
  tap(at: Point, finger: boolean): void;
  step(direction: Direction): void;
  choose(): void;
  fit(): void;
  /** The map was reached by the keyboard, or left. */
  focus(inside: boolean): void;
}

/** A hand trembles: below this many pixels a drag is a tap. */
const TREMBLE_PX = 6;
const WHEEL_RATE = 0.0018;
/** Wheels that count lines instead of pixels. */
const LINE_PX = 16;
const KEY_ZOOM = 1.4;

const KEYS: Readonly<Record<string, (wishes: Wishes) => void>> = {
  ArrowLeft: (wishes) => wishes.step('left'),
  ArrowRight: (wishes) => wishes.step('right'),
  ArrowUp: (wishes) => wishes.step('up'),
  ArrowDown: (wishes) => wishes.step('down'),
  '+': (wishes) => wishes.zoom(KEY_ZOOM),
  '=': (wishes) => wishes.zoom(KEY_ZOOM),
  '-': (wishes) => wishes.zoom(1 / KEY_ZOOM),
  Home: (wishes) => wishes.fit(),
  Enter: (wishes) => wishes.choose(),
  ' ': (wishes) => wishes.choose(),
};

/** Listens until the signal says stop. */
export function listen(canvas: HTMLCanvasElement, wishes: Wishes, signal: AbortSignal): void {
  const fingers = new Map<number, Point>();
  let start: Point | undefined;
  let dragged = false;
  const pointOf = (event: MouseEvent): Point => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const middle = () => {
    const [a, b] = [...fingers.values()];
    const apart = Math.max(1, Math.hypot(a!.x - b!.x, a!.y - b!.y));
    return { x: (a!.x + b!.x) / 2, y: (a!.y + b!.y) / 2, apart };
  };

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    wishes.hold();
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, pointOf(event));
    dragged = fingers.size > 1;
    start = pointOf(event);
  };
  const move = (event: PointerEvent) => {
    const from = fingers.get(event.pointerId);
    if (!from || !start) return;
    const to = pointOf(event);
    if (fingers.size > 2) {
      fingers.set(event.pointerId, to);
      return;
    }
    if (fingers.size === 2) {
      const before = middle();
      fingers.set(event.pointerId, to);
      const after = middle();
      wishes.pan(after.x - before.x, after.y - before.y);
      wishes.zoom(after.apart / before.apart, after);
      return;
    }
    if (!dragged && Math.hypot(to.x - start.x, to.y - start.y) < TREMBLE_PX) return;
    dragged = true;
    wishes.pan(to.x - from.x, to.y - from.y);
    fingers.set(event.pointerId, to);
  };
  const up = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId) || fingers.size > 0) return;
    const tapped = event.type === 'pointerup' && !dragged;
    if (tapped) wishes.tap(pointOf(event), event.pointerType === 'touch');
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    wishes.hold();
    const pixels = event.deltaY * (event.deltaMode === 1 ? LINE_PX : 1);
    // A pinch on a touch pad arrives as a wheel with Ctrl, in smaller steps.
    wishes.zoom(Math.exp(-pixels * WHEEL_RATE * (event.ctrlKey ? 5 : 1)), pointOf(event));
  };
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const wish = KEYS[event.key];
    if (!wish) return;
    event.preventDefault();
    wish(wishes);
  };

  canvas.addEventListener('pointerdown', down, { signal });
  canvas.addEventListener('pointermove', move, { signal });
  canvas.addEventListener('pointerup', up, { signal });
  canvas.addEventListener('pointercancel', up, { signal });
  canvas.addEventListener('wheel', wheel, { signal, passive: false });
  canvas.addEventListener('keydown', key, { signal });
  const focused = () => wishes.focus(canvas.matches(':focus-visible'));
  canvas.addEventListener('focus', focused, { signal });
  canvas.addEventListener('blur', () => wishes.focus(false), { signal });
}
