/** What lies over the seats: the stage, names of sections and rows, rings around single seats. */
import type { Camera, Screen } from './camera.ts';
import { seenBy, toScreen } from './camera.ts';
import type { Hall } from './hall.ts';
import { THEME } from './palette.ts';
import { type Paper, paperOf } from './sprites.ts';

const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** A lit front edge and a name: enough for everybody to know which way they look. */
export function drawStage(pen: Paper, { stage }: Hall, camera: Camera, name: string): void {
  const from = toScreen(camera, { x: stage.left, y: stage.top });
  const to = toScreen(camera, { x: stage.right, y: stage.bottom });
  const [width, height] = [to.x - from.x, to.y - from.y];
  const slope = width * 0.06;
  pen.fillStyle = THEME.stage;
  pen.beginPath();
  pen.moveTo(from.x + slope, from.y);
  pen.lineTo(to.x - slope, from.y);
  pen.lineTo(to.x, to.y - height * 0.2);
  pen.quadraticCurveTo(from.x + width / 2, to.y + height * 0.2, from.x, to.y - height * 0.2);
  pen.closePath();
  pen.fill();
  const size = Math.max(10, Math.min(28, height * 0.42));
  pen.font = `600 ${size}px ${FONT}`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillStyle = '#ffffff';
  pen.fillText(name, from.x + width / 2, from.y + height * 0.45, width * 0.8);
}

interface Chip {
  readonly sheet: HTMLCanvasElement;
  readonly width: number;
  readonly height: number;
}
/** Text is the dearest thing to draw: each name is written once per size. */
const chips = new Map<string, Chip>();
const CHIPS_MAX = 400;
const SHARP = 2;

function chipOf(text: string, size: number, row: boolean): Chip {
  const key = `${size}${row ? 'r' : 's'}${text}`;
  const known = chips.get(key);
  if (known) return known;
  const font = `${row ? 500 : 600} ${size}px ${FONT}`;
  const { pen: ruler } = paperOf(1, 1);
  ruler.font = font;
  const width = Math.ceil(ruler.measureText(text).width) + Math.round(row ? size * 0.8 : size);
  const height = Math.ceil(size * (row ? 1.5 : 1.7));
  const { sheet, pen } = paperOf((width + 1) * SHARP, (height + 1) * SHARP);
  pen.scale(SHARP, SHARP);
  pen.font = font;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillStyle = THEME.chip;
  pen.strokeStyle = THEME.edge;
  pen.beginPath();
  pen.roundRect(0.5, 0.5, width, height, height / 2);
  pen.fill();
  pen.stroke();
  pen.fillStyle = THEME.ink;
  pen.fillText(text, width / 2 + 0.5, height / 2 + 1);
  const chip = { sheet, width: width + 1, height: height + 1 };
  if (chips.size >= CHIPS_MAX) chips.clear();
  chips.set(key, chip);
  return chip;
}

/**
 * A name on a plate: around a point, or a row's, which ends there or begins at the screen's
 * edge.
 */
function drawChip(pen: Paper, text: string, x: number, y: number, size: number, row = false): void {
  const { sheet, width, height } = chipOf(text, size, row);
  const left = row ? Math.max(4, x - width) : x - width / 2;
  pen.drawImage(sheet, Math.round(left), Math.round(y - height / 2), width, height);
}

/** Names of sections, where there is room for them. */
export function drawSections(pen: Paper, hall: Hall, camera: Camera, screen: Screen): void {
  const seen = seenBy(camera, screen);
  for (const section of hall.sections) {
    if (section.to === section.from) continue;
    const width = (section.right - section.left) * camera.scale;
    const size = Math.round(Math.max(11, Math.min(16, width / 9)));
    if (width < size * 2.5) continue;
    const x = (section.left + section.right) / 2;
    const y = (section.top + section.bottom) / 2;
    if (x < seen.left || x > seen.right || y < seen.top || y > seen.bottom) continue;
    const at = toScreen(camera, { x, y });
    const longest = Math.max(2, Math.floor((width - size) / size));
    const { name } = section;
    const text = name.length > longest * 1.8 ? `${name.slice(0, longest)}…` : name;
    drawChip(pen, text, at.x, at.y, size);
  }
}

/** The name of each row in sight: beside its first seat, or pinned to the edge of the screen. */
export function drawRows(pen: Paper, hall: Hall, camera: Camera, screen: Screen): void {
  const seen = seenBy(camera, screen);
  const pitch = hall.pitch * camera.scale;
  const size = Math.round(Math.min(14, pitch * 0.5));
  for (const row of hall.rows) {
    if (row.right < seen.left || row.left > seen.right) continue;
    if (row.bottom < seen.top || row.top > seen.bottom) continue;
    // The leftmost seat in sight: rows may be bent, and named from either end.
    let [x, y] = [Infinity, 0];
    for (let place = row.from; place < row.to; place++)
      if (hall.x[place]! >= seen.left && hall.x[place]! < x)
        [x, y] = [hall.x[place]!, hall.y[place]!];
    if (x > seen.right || y < seen.top || y > seen.bottom) continue;
    const at = toScreen(camera, { x, y });
    drawChip(pen, row.name, at.x - pitch * 0.6, at.y, size, true);
  }
}

/** A ring around a seat. `share` runs from 0 to 1 while a flash fades. */
export function drawRing(
  pen: Paper,
  hall: Hall,
  camera: Camera,
  place: number,
  colour: string,
  share: number,
): void {
  const at = toScreen(camera, { x: hall.x[place]!, y: hall.y[place]! });
  const half = Math.max(5, hall.pitch * camera.scale * 0.5) * (1 + share * 0.8);
  pen.globalAlpha = 1 - share;
  pen.lineWidth = 3;
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.roundRect(at.x - half, at.y - half, half * 2, half * 2, half * 0.5);
  pen.stroke();
  pen.globalAlpha = 1;
}
