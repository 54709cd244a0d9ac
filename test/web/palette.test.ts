/** The colours of tiers as people who miss a colour see them: the browser plays their eye. */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findProgram } from '../../bin/supervisor/binaries.mjs';
import { tierColour } from '../../web/seat-map/palette.ts';
import { FLAGS } from './browser.ts';

type Pixel = readonly [number, number, number];

let browser: Browser;
beforeAll(async () => {
  const executablePath = findProgram('chromium') as string;
  browser = await chromium.launch({ executablePath, args: FLAGS });
});
afterAll(() => browser.close());

/** CIE L*a*b* of an sRGB pixel, D65 (IEC 61966-2-1, ISO 11664-4). */
function labOf(pixel: Pixel): Pixel {
  const [r, g, b] = pixel
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  const x = (r! * 0.4124 + g! * 0.3576 + b! * 0.1805) / 0.9505;
  const y = r! * 0.2126 + g! * 0.7152 + b! * 0.0722;
  const z = (r! * 0.0193 + g! * 0.1192 + b! * 0.9505) / 1.089;
  const [fx, fy, fz] = [x, y, z].map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116));
  return [116 * fy! - 16, 500 * (fx! - fy!), 200 * (fy! - fz!)];
}

it.each(['deuteranopia', 'protanopia', 'tritanopia'] as const)(
  'tiers are told apart by an eye with %s',
  async (type) => {
    const colours = Array.from({ length: 7 }, (_, tier) => tierColour(tier));
    const eye = await browser.newPage({ viewport: { width: 140, height: 20 } });
    const session = await eye.context().newCDPSession(eye);
    await session.send('Emulation.setEmulatedVisionDeficiency', { type });
    await eye.setContent(
      colours
        .map(
          (colour, at) =>
            `<b style="position:fixed;inset:0 0 0 ${at * 20}px;background:${colour}">`,
        )
        .join(''),
    );
    const shot = (await eye.screenshot()).toString('base64');
    const pixels = (await eye.evaluate(`(async () => {
      const answer = await fetch('data:image/png;base64,${shot}');
      const image = await createImageBitmap(await answer.blob());
      const pen = new OffscreenCanvas(140, 20).getContext('2d');
      pen.drawImage(image, 0, 0);
      return [0, 1, 2, 3, 4, 5, 6].map((at) => [...pen.getImageData(at * 20 + 10, 10, 1, 1).data]);
    })()`)) as Pixel[];
    await eye.close();
    const labs = pixels.map(labOf);
    const apart = labs.flatMap((a, at) =>
      labs.slice(at + 1).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])),
    );
    expect(Math.min(...apart)).toBeGreaterThan(15);
  },
);
