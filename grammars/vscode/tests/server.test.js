// The server is found, started, restarted, and where it is not people are told what to do.
"use strict";

const assert = require("assert");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { afterEach, beforeEach, test } = require("node:test");
const { fresh, pause } = require("./stub");

const WINDOWS = process.platform === "win32";
const BIN = WINDOWS ? "Scripts" : "bin";
const PROGRAM = WINDOWS ? "archc.exe" : "archc";
const kept = { PATH: process.env.PATH, VIRTUAL_ENV: process.env.VIRTUAL_ENV };
let folder;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "archc-"));
  process.env.PATH = "";
  delete process.env.VIRTUAL_ENV;
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true });
  Object.assign(process.env, kept);
  if (kept.VIRTUAL_ENV === undefined) {
    delete process.env.VIRTUAL_ENV;
  }
});

/** An environment with archc in it, or without. */
function environment(name, filled = true) {
  const bin = path.join(folder, name, BIN);
  fs.mkdirSync(bin, { recursive: true });
  for (const program of ["python", ...(filled ? [PROGRAM] : [])]) {
    fs.writeFileSync(path.join(bin, program), "");
  }
  return path.join(bin, PROGRAM);
}

const python = (place) => ({
  isActive: true,
  exports: { environments: { getActiveEnvironmentPath: () => ({ path: place }) } },
});

test("it is found in the project's environment", async () => {
  for (const name of [".venv", "venv", "env"]) {
    const program = environment(name);
    const world = await fresh({ folders: [folder] }).activate();
    const [{ server, running }] = world.clients;
    assert.deepStrictEqual([server.command, server.args, running], [program, ["lsp"], true]);
    assert.ok(world.status.detail.endsWith(`(${name} of ${path.basename(folder)})`));
    assert.strictEqual(world.status.text, "archc 0.1.0");
    fs.rmSync(path.join(folder, name), { recursive: true });
  }
});

test("the order: the setting, Python's choice, the project, the active one, the path", async () => {
  const programs = ["path", "active", ".venv", "default", "chosen"].map((one) => environment(one));
  const [onPath, active, own, set, chosen] = programs;
  const given = { folders: [folder] };
  const found = async (settings = {}) => {
    const world = fresh(given);
    Object.assign(world.settings, settings);
    await world.activate();
    return world.clients[0].server.command;
  };
  process.env.PATH = path.dirname(onPath);
  process.env.VIRTUAL_ENV = path.join(folder, "active");
  const settings = {};
  assert.strictEqual(await found(), own);
  fs.rmSync(path.join(folder, ".venv"), { recursive: true });
  assert.strictEqual(await found(), active);
  delete process.env.VIRTUAL_ENV;
  assert.strictEqual(await found(), onPath);
  environment(".venv");
  settings["python.defaultInterpreterPath"] = `\${workspaceFolder}/default/${BIN}/python`;
  assert.strictEqual(await found(settings), set);
  given.python = python(path.join(folder, "chosen", BIN, "python"));
  assert.strictEqual(await found(settings), chosen, "of its Python");
  given.python = python(path.join(folder, "chosen"));
  assert.strictEqual(await found(settings), chosen, "of its folder");
  settings["archc.command"] = ["${workspaceFolder}/mine", "lsp", "-I", "x"];
  const world = fresh(given);
  Object.assign(world.settings, settings);
  await world.activate();
  assert.deepStrictEqual(world.clients[0].server.args, ["lsp", "-I", "x"]);
  assert.strictEqual(world.clients[0].server.command, `${folder}/mine`);
});

test("an environment without archc is passed over", async () => {
  environment("chosen", false);
  const own = environment(".venv");
  const world = await fresh({
    folders: [folder],
    python: python(path.join(folder, "chosen", BIN, "python")),
  }).activate();
  assert.strictEqual(world.clients[0].server.command, own);
});

test("a Python extension that fails is no reason not to start", async () => {
  const own = environment(".venv");
  const broken = { isActive: false, activate: async () => { throw new Error("oh"); } };
  const world = await fresh({ folders: [folder], python: broken }).activate();
  assert.strictEqual(world.clients[0].server.command, own);
});

test("where it is not found it is said where it was looked for", async () => {
  const world = await fresh({ folders: [folder], choose: ([first]) => first }).activate();
  assert.strictEqual(world.clients.length, 0);
  const [said] = world.errors;
  assert.match(said, /archc was not found.*\.venv of .*pip install 'archc-dsl\[lsp\]'/);
  assert.deepStrictEqual(world.uncalled, [["workbench.action.openSettings", "archc.command"]]);
  assert.strictEqual(world.status.severity, 2);
  environment(".venv");
  await world.commands["archc.restart"]();
  assert.strictEqual(world.clients.length, 1);
  assert.strictEqual(world.status.severity, 0);
});

test("one that does not start says so, with its output at hand", async () => {
  environment(".venv");
  const starting = async () => { throw new Error("connection closed"); };
  const world = await fresh({ folders: [folder], starting, choose: ([first]) => first }).activate();
  assert.match(world.errors[0], /does not start as a language server/);
  assert.deepStrictEqual(world.shown, ["output"]);
});

test("nothing starts in a folder that is not trusted", async () => {
  environment(".venv");
  const given = { folders: [folder], trusted: false };
  const world = await fresh(given).activate();
  await world.commands["archc.restart"]();
  await world.events.configuration.fire({ affectsConfiguration: () => true });
  await pause();
  assert.strictEqual(world.clients.length, 0);
  given.trusted = true;
  await world.events.trust.fire();
  assert.strictEqual(world.clients.length, 1);
});

test("restarts follow one another, and leave one server", async () => {
  environment(".venv");
  const world = await fresh({ folders: [folder], starting: () => pause(5) }).activate();
  const changed = (name) =>
    world.events.configuration.fire({ affectsConfiguration: (one) => one === name });
  await changed("editor.tabSize");
  assert.strictEqual(world.clients.length, 1);
  await Promise.all([changed("archc.command"), world.commands["archc.restart"]()]);
  await world.commands["archc.restart"]();
  assert.strictEqual(world.clients.filter((one) => one.running).length, 1);
  await world.main.deactivate();
  assert.strictEqual(world.clients.filter((one) => one.running).length, 0);
});
