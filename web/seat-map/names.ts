/**
 * Names as pictures. Text is the dearest thing to draw, so each name is written once per size,
 * and there are two sizes of each kind: a zoom through all sizes writes nothing anew.
 *
 * Always true: a frame writes for a few milliseconds at most; names that came too late stand in
 * one of the next frames.
 */
import { THEME } from './palette.ts';
import { paperOf } from './sprites.ts';

const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const WRITE_MS = 3;
/** Names of one hall in both sizes are fewer; a hall with more writes some again. */
const KEPT_MAX = 2_000;

interface Kind {
  readonly weight: number;
  /** Width and height of the plate beyond the text, in sizes of the font. */
  readonly wide: number;
  readonly high: number;
  readonly ink: string;
  /** The stage has none: its name stands on the stage itself. */
  readonly plate?: string;
}
const KINDS = {
  section: { weight: 600, wide: 1, high: 1.7, ink: THEME.ink, plate: THEME.chip },
  row: { weight: 500, wide: 0.8, high: 1.5, ink: THEME.ink, plate: THEME.chip },
  stage: { weight: 600, wide: 0.2, high: 1.3, ink: '#ffffff' },
} as const satisfies Record<string, Kind>;

export interface Name {
  readonly sheet: HTMLCanvasElement;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Names {
  /** The picture of a name, or undefined when this frame has written enough. */
  of(kind: keyof typeof KINDS, text: string, size: number, dpr: number): Name | undefined;
  /** A frame begins: there is time to write again. */
  begin(): void;
  /** A name was asked for and not there in this frame. */
  readonly pending: boolean;
}

export function namesOf(): Names {
  const { pen: ruler } = paperOf(1, 1);
  const kept = new Map<string, Map<string, Name>>();
  let count = 0;
  let spentMs = 0;
  let pending = false;

  const written = (kind: Kind, text: string, size: number, dpr: number): Name => {
    const font = `${kind.weight} ${size}px ${FONT}`;
    if (ruler.font !== font) ruler.font = font;
    const width = Math.ceil(ruler.measureText(text).width + size * kind.wide);
    const height = Math.ceil(size * kind.high);
    const { sheet, pen } = paperOf(Math.ceil((width + 1) * dpr), Math.ceil((height + 1) * dpr));
    pen.scale(dpr, dpr);
    if (kind.plate) {
      pen.fillStyle = kind.plate;
      pen.strokeStyle = THEME.edge;
      pen.beginPath();
      pen.roundRect(0.5, 0.5, width, height, height / 2);
      pen.fill();
      pen.stroke();
    }
    pen.font = font;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillStyle = kind.ink;
    pen.fillText(text, width / 2 + 0.5, height / 2 + 1);
    return { sheet, width: sheet.width / dpr, height: sheet.height / dpr };
  };

  return {
    of(kindName, text, size, dpr) {
      const style = `${kindName}${size}@${dpr}`;
      const known = kept.get(style)?.get(text);
      if (known) return known;
      if (spentMs > WRITE_MS) {
        pending = true;
        return undefined;
      }
      const began = performance.now();
      const name = written(KINDS[kindName], text, size, dpr);
      spentMs += performance.now() - began;
      if (++count > KEPT_MAX) {
        kept.clear();
        count = 1;
      }
      const ofStyle = kept.get(style) ?? new Map<string, Name>();
      kept.set(style, ofStyle.set(text, name));
      return name;
    },
    begin() {
      spentMs = 0;
      pending = false;
    },
    get pending() {
      return pending;
    },
  };
}
