/** What lies over the seats: the stage, names of sections and rows, rings around single seats. */
import type { Camera, Screen } from './camera.ts';
import { seenBy, toScreen } from './camera.ts';
import type { Hall } from './hall.ts';
import type { Name, Names } from './names.ts';
import { THEME } from './palette.ts';
import type { Paper } from './sprites.ts';

/** What an overlay is drawn with. */
export interface Easel {
  readonly pen: Paper;
  readonly hall: Hall;
  readonly names: Names;
}
/** What of the hall it is drawn for. */
export interface Sight {
  readonly camera: Camera;
  readonly screen: Screen;
  readonly dpr: number;
}

/** The stage's name is written in this size and drawn smaller where the stage is. */
const STAGE_FONT_PX = 28;

/** A lit front edge and a name: enough for everybody to know which way they look. */
export function drawStage(
  { pen, hall: { stage }, names }: Easel,
  { camera, dpr }: Sight,
  text: string,
): void {
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
  const name = names.of('stage', text, STAGE_FONT_PX, dpr);
  if (!name) return;
  const size = Math.max(10, Math.min(STAGE_FONT_PX, height * 0.42));
  const by = Math.min(size / STAGE_FONT_PX, (width * 0.8) / name.width);
  const [wide, high] = [name.width * by, name.height * by];
  const [x, y] = [from.x + width / 2 - wide / 2, from.y + height * 0.45 - high / 2];
  pen.drawImage(name.sheet, x, y, wide, high);
}

/** On whole pixels of the screen, where letters are sharp. */
function drawName(pen: Paper, { sheet, width, height }: Name, left: number, y: number): void {
  pen.drawImage(sheet, Math.round(left), Math.round(y - height / 2), width, height);
}

const SECTION_FONT_PX = [12, 15] as const;
/** Where a section is this wide, in CSS pixels, its name is written in the larger size. */
const WIDE_PX = 130;
/** A name too long for its section is cut after so many letters: few ways, each written once. */
const CUTS = [12, 8, 5, 3, 2];

function cut(name: string, letters: number): string {
  if (name.length <= letters * 1.8) return name;
  return `${name.slice(0, CUTS.find((length) => length <= letters) ?? 2)}…`;
}

/** Names of sections, where there is room for them. */
export function drawSections({ pen, hall, names }: Easel, { camera, screen, dpr }: Sight): void {
  const seen = seenBy(camera, screen);
  for (const section of hall.sections) {
    if (section.to === section.from) continue;
    const width = (section.right - section.left) * camera.scale;
    const size = SECTION_FONT_PX[width < WIDE_PX ? 0 : 1];
    if (width < size * 2.5) continue;
    const x = (section.left + section.right) / 2;
    const y = (section.top + section.bottom) / 2;
    if (x < seen.left || x > seen.right || y < seen.top || y > seen.bottom) continue;
    const text = cut(section.name, Math.max(2, width / size - 1));
    const name = names.of('section', text, size, dpr);
    const left = (x - camera.x) * camera.scale - (name?.width ?? 0) / 2;
    if (name) drawName(pen, name, left, (y - camera.y) * camera.scale);
  }
}

const ROW_FONT_PX = [10, 13] as const;
const ROOMY_PX = 26;
/** Between the names of rows and the edge of the screen. */
const PINNED_PX = 4;

/** The name of each row in sight: beside its first seat, or pinned to the edge of the screen. */
export function drawRows({ pen, hall, names }: Easel, { camera, screen, dpr }: Sight): void {
  const seen = seenBy(camera, screen);
  const pitch = hall.pitch * camera.scale;
  const size = ROW_FONT_PX[pitch < ROOMY_PX ? 0 : 1];
  for (const row of hall.rows) {
    if (row.right < seen.left || row.left > seen.right) continue;
    if (row.bottom < seen.top || row.top > seen.bottom) continue;
    // The leftmost seat in sight: rows may be bent, and named from either end.
    let first = -1;
    for (let place = row.from; place < row.to; place++)
      if (hall.x[place]! >= seen.left && (first < 0 || hall.x[place]! < hall.x[first]!))
        first = place;
    if (first < 0) continue;
    const [x, y] = [hall.x[first]!, hall.y[first]!];
    if (x > seen.right || y < seen.top || y > seen.bottom) continue;
    const name = names.of('row', row.name, size, dpr);
    if (!name) continue;
    const left = Math.max(PINNED_PX, (x - camera.x) * camera.scale - pitch * 0.6 - name.width);
    drawName(pen, name, left, (y - camera.y) * camera.scale);
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
