/* Draw the portraits of chapter 16: flat faces in the style "ToonHead" by Johan Melin (CC BY 4.0).

    npm install --no-save @dicebear/core@9.4.3 @dicebear/collection@9.4.3 @resvg/resvg-js@2.6.2
    node tools/draw_portraits.mjs FOLDER

Portrait number i is the one of seed i, on white, 32 x 32 pixels; its folder is the colour of its hair. Then
`python tools/pack_portraits.py FOLDER` makes the file that the book ships.
*/
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(process.cwd(), "package.json")));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { createAvatar } = await load("@dicebear/core");
const { toonHead } = await load("@dicebear/collection");
const { Resvg } = require("@resvg/resvg-js");

const COUNT = 3000;
const SIZE = 32;
const HAIR = { black: "2c1b18", auburn: "a55728", blond: "d6b370", grey: "b8b8b8" };
const names = Object.keys(HAIR);
const folder = process.argv[2];
if (!folder) throw new Error("Name the folder to draw into: node tools/draw_portraits.mjs FOLDER");

for (const name of names) mkdirSync(join(folder, name), { recursive: true });
for (let i = 0; i < COUNT; i++) {
  const name = names[i % names.length];
  const svg = createAvatar(toonHead, {
    seed: String(i),
    backgroundColor: ["ffffff"],
    hairColor: [HAIR[name]],
    beardProbability: 25,
  }).toString();
  const picture = new Resvg(svg, { fitTo: { mode: "width", value: SIZE } }).render().asPng();
  writeFileSync(join(folder, name, `${String(i).padStart(4, "0")}.png`), picture);
}
