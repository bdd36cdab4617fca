// Builds the page into the package: `npm run build`, or `make page` from the root.
//
// The names of the files carry a hash of their content, so browsers may keep them for ever.
// `source.json` records a hash of all sources: a test fails when they have changed since.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const target = "../src/limner/studio/static";
rmSync(target, { recursive: true, force: true });
mkdirSync(join(target, "assets"), { recursive: true });

const result = await build({
  entryPoints: ["src/main.ts", "src/style.css"],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  entryNames: "[name]-[hash]",
  outdir: join(target, "assets"),
  legalComments: "none",
  metafile: true,
});

const made = Object.keys(result.metafile.outputs).map((path) => basename(path));
const named = (ending) => made.find((name) => name.endsWith(ending));
const page = readFileSync("src/index.html", "utf8")
  .replace("{{script}}", `/assets/${named(".js")}`)
  .replace("{{style}}", `/assets/${named(".css")}`);
writeFileSync(join(target, "index.html"), page);

// The same walk and the same hash as tests/studio/test_page.py.
const sources = readdirSync("src", { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).replaceAll("\\", "/"))
  .concat("package-lock.json", "build.mjs")
  .sort();
const hash = createHash("sha256");
for (const file of sources) hash.update(`${file}\0`).update(readFileSync(file));
writeFileSync(join(target, "source.json"), `{"sha256": "${hash.digest("hex")}"}\n`);

const files = [join(target, "index.html"), ...made.map((name) => join(target, "assets", name))];
const weight = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
console.log(`${files.length} files, ${(weight / 1000).toFixed(1)} kB compressed`);
