// Writes CodeMirror as one file, its licences beside it, and prints the entry for vendor.lock.json.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const VENDOR = new URL("../webapp/static/vendor/", import.meta.url);
const NAME = "codemirror-6";

const { metafile } = await build({
  entryPoints: ["codemirror.js"],
  outfile: new URL(`${NAME}.min.js`, VENDOR).pathname,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
});
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
const used = [...new Set(Object.keys(metafile.inputs).map((path) => path.match(/^node_modules\/((@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean))].sort();
const packages = used.map((name) => {
  const { version, integrity, license } = lock[`node_modules/${name}`];
  return { name, version, integrity, licence: license };
});
const licences = used.map((name) => `${name} ${lock[`node_modules/${name}`].version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`);
writeFileSync(new URL(`${NAME}.LICENSE.txt`, VENDOR), licences.join(`\n${"-".repeat(78)}\n\n`));
const sha256 = createHash("sha256").update(readFileSync(new URL(`${NAME}.min.js`, VENDOR))).digest("hex");
console.log(JSON.stringify({
  name: "codemirror", version: lock["node_modules/@codemirror/view"].version, source: "built by frontend/build.mjs from the packages below", licence: "MIT",
  licence_file: `${NAME}.LICENSE.txt`, file: `${NAME}.min.js`, sha256, esbuild: lock["node_modules/esbuild"].version, packages,
}, null, 2));
