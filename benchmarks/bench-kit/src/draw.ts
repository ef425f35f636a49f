// Draws a chart, as SVG and as PNG, without a browser and without any font of the machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';

const require = createRequire(import.meta.url);
const fontFiles = ['400Regular/Inter_400Regular.ttf', '600SemiBold/Inter_600SemiBold.ttf'].map((file) =>
  require.resolve(`@expo-google-fonts/inter/${file}`),
);

/** Writes <name>.svg and <name>.png into the folder and returns their paths. */
export async function draw(
  spec: vega.Spec,
  folder: string,
  name: string,
): Promise<{ svg: string; png: string }> {
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  const picture = await view.toSVG();
  view.finalize();
  const resvg = new Resvg(picture, {
    // Twice the size, so that it is sharp where it is shown on a fine screen.
    fitTo: { mode: 'zoom', value: 2 },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'Inter' },
  });
  mkdirSync(folder, { recursive: true });
  const svg = join(folder, `${name}.svg`);
  const png = join(folder, `${name}.png`);
  writeFileSync(svg, picture);
  writeFileSync(png, resvg.render().asPng());
  return { svg, png };
}
