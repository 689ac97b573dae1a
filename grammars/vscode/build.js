// Makes extension.js, one file, and notices.txt, the licences of what is in it that is not ours.
"use strict";

const fs = require("fs");
const path = require("path");
const esbuild = require("esbuild");

const made = esbuild.buildSync({
  entryPoints: ["main.js"],
  outfile: "extension.js",
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node18",
  external: ["vscode"],
  minify: true,
  metafile: true,
});
const packages = Object.keys(made.metafile.inputs)
  .map((name) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(name)?.[0])
  .filter(Boolean);
const notices = [...new Set(packages)].sort().map((folder) => {
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, "package.json")));
  const file = fs.readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  if (!file) {
    throw new Error(`${name} ${version} comes without its licence`);
  }
  const text = fs.readFileSync(path.join(folder, file), "utf-8").trim();
  return `${name} ${version} (${license})\n\n${text}\n`;
});
fs.writeFileSync("notices.txt", notices.join(`\n${"-".repeat(72)}\n\n`));
