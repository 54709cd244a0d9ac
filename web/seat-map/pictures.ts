/**
 * Pictures of blocks. Seats are stamped into image data, a whole block in less than a millisecond;
 * numbers, where they are large enough to be read, are drawn over them afterwards.
 */
import type { Block } from './blocks.ts';
import type { Brush } from './brush.ts';
import { type Paper, paperOf } from './sprites.ts';

export interface Picture {
  readonly sheet: HTMLCanvasElement;
  readonly pen: Paper;
  readonly brush: Brush;
  /** Where its corner lies in the hall, in pixels of its own size. */
  readonly left: number;
  readonly top: number;
  /** Seats have changed since: shown until another is ready. */
  stale: boolean;
  /** Right, but for a seat whose number is missing. */
  rough: boolean;
}

export const areaOf = (picture: Picture | undefined): number =>
  picture ? picture.sheet.width * picture.sheet.height : 0;

export interface Press {
  /** The seats of a block, without their numbers. */
  stamped(block: Block, brush: Brush): Picture;
  /** A picture nobody shows any more: the next one is drawn on its paper. */
  spare(picture: Picture | undefined): void;
}

export function pressOf(): Press {
  let buffer = new ArrayBuffer(0);
  let paper: Pick<Picture, 'sheet' | 'pen'> | undefined;
  /** One buffer for all: it grows with the largest block, and is never thrown away. */
  const cleared = (width: number, height: number) => {
    const bytes = width * height * 4;
    if (buffer.byteLength < bytes) buffer = new ArrayBuffer(bytes);
    const pixels = new Uint32Array(buffer, 0, width * height);
    pixels.fill(0);
    return { pixels, image: new ImageData(new Uint8ClampedArray(buffer, 0, bytes), width, height) };
  };
  const paperFor = (width: number, height: number) => {
    if (!paper) return paperOf(width, height);
    const { sheet, pen } = paper;
    paper = undefined;
    [sheet.width, sheet.height] = [width, height];
    return { sheet, pen };
  };

  return {
    stamped(block, brush) {
      const { scale } = brush;
      const [left, top] = [Math.floor(block.left * scale) - 1, Math.floor(block.top * scale) - 1];
      const width = Math.ceil(block.right * scale) + 1 - left;
      const height = Math.ceil(block.bottom * scale) + 1 - top;
      const { pixels, image } = cleared(width, height);
      const pad = { pixels, width, left, top };
      for (let place = block.from; place < block.to; place++) brush.stamp(pad, place);
      const { sheet, pen } = paperFor(width, height);
      pen.putImageData(image, 0, 0);
      return { sheet, pen, brush, left, top, stale: false, rough: false };
    },
    spare(picture) {
      if (picture) paper = picture;
    },
  };
}

/** Draws one seat of a picture anew, with its number or without. */
export function redraw({ brush, pen, left, top }: Picture, place: number, number: boolean): void {
  const [x, y] = [brush.leftOf(place) - left, brush.topOf(place) - top];
  pen.clearRect(x, y, brush.side, brush.side);
  brush.draw(pen, place, left, top);
  if (number) brush.number(pen, place, left, top);
}

/** Puts a picture on paper whose corner and size are given, stretched if it has another size. */
export function blit(
  { sheet, brush, left, top }: Picture,
  pen: Paper,
  scale: number,
  atX: number,
  atY: number,
): void {
  const by = scale / brush.scale;
  if (by === 1) pen.drawImage(sheet, left - atX, top - atY);
  else pen.drawImage(sheet, left * by - atX, top * by - atY, sheet.width * by, sheet.height * by);
}
