// Where the server is: what the setting says, else the environment of the project, else the path.
"use strict";

const fs = require("fs");
const path = require("path");
const vscode = require("vscode");

const WINDOWS = process.platform === "win32";
const PROGRAM = WINDOWS ? "archc.exe" : "archc";
const ENVIRONMENTS = [".venv", "venv", "env"];
const PYTHON = "ms-python.python";
const PATIENCE = 5000; // milliseconds in which the Python extension has to start

/** The folders of the workspace. */
function folders() {
  return (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
}

/** A setting's text with its variables replaced. */
function filled(text) {
  return text
    .replaceAll("${workspaceFolder}", folders()[0] ?? "")
    .replaceAll("${userHome}", require("os").homedir());
}

/** What `archc.command` is set to, if it is. */
function chosen() {
  const said = vscode.workspace.getConfiguration("archc").inspect("command") ?? {};
  const words = said.workspaceFolderValue ?? said.workspaceValue ?? said.globalValue;
  return Array.isArray(words) && words.length > 0 ? words.map(String).map(filled) : undefined;
}

/** Where programs of an environment are, of its folder or of its Python. */
function programs(place) {
  const bin = WINDOWS ? "Scripts" : "bin";
  const python = /^python[\d.]*(\.exe)?$/i.test(path.basename(place));
  const home = python ? path.dirname(place) : path.join(place, bin);
  return python && WINDOWS ? [home, path.join(home, bin)] : [home];
}

/** What a promise comes to, or undefined where that takes too long. */
function soon(promise) {
  const late = new Promise((done) => setTimeout(done, PATIENCE).unref());
  return Promise.race([promise, late]);
}

/** The interpreters that were chosen for Python, by its extension and by its setting. */
async function interpreters() {
  const found = [];
  const extension = vscode.extensions.getExtension(PYTHON);
  try {
    const api = extension?.isActive ? extension.exports : await soon(extension?.activate());
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    found.push(api?.environments?.getActiveEnvironmentPath(folder?.uri)?.path);
  } catch {
    // An extension that does not start is not ours to complain about.
  }
  const set = vscode.workspace.getConfiguration("python").get("defaultInterpreterPath");
  found.push(typeof set === "string" ? filled(set) : undefined);
  return found.filter((one) => one && path.isAbsolute(one));
}

/** The places to look at, in order, each with what it is called. */
async function places() {
  const found = [];
  for (const one of await interpreters()) {
    found.push(...programs(one).map((folder) => [folder, "the environment chosen for Python"]));
  }
  for (const folder of folders()) {
    for (const name of ENVIRONMENTS) {
      found.push([programs(path.join(folder, name))[0], `${name} of ${path.basename(folder)}`]);
    }
  }
  if (process.env.VIRTUAL_ENV) {
    found.push([programs(process.env.VIRTUAL_ENV)[0], "the active environment"]);
  }
  for (const folder of (process.env.PATH ?? "").split(path.delimiter).filter(path.isAbsolute)) {
    found.push([folder, "the path"]);
  }
  return found;
}

/**
 * The command of the server.
 * @returns {Promise<{command: string[], from: string} | {command: undefined, looked: string[]}>}
 *   where it comes from; or where it was looked for, as people would say it.
 */
async function find() {
  const set = chosen();
  if (set) {
    return { command: set, from: "the setting archc.command" };
  }
  const looked = await places();
  for (const [folder, from] of looked) {
    const program = path.join(folder, PROGRAM);
    if (fs.existsSync(program)) {
      return { command: [program, "lsp"], from };
    }
  }
  return { command: undefined, looked: [...new Set(looked.map(([, from]) => from))] };
}

/** Calls back whenever another interpreter is chosen for Python. */
function onDidChoose(call) {
  const api = vscode.extensions.getExtension(PYTHON)?.exports;
  return api?.environments?.onDidChangeActiveEnvironmentPath?.(call);
}

module.exports = { PYTHON, find, onDidChoose };
