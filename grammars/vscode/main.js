// The extension: starts `archc lsp` for `.arch` files and restarts it on demand.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

/** The command of the server, with `${workspaceFolder}` replaced. */
function command() {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const given = vscode.workspace.getConfiguration("archc").get("command", ["archc", "lsp"]);
  const words = given.map((word) => word.replaceAll("${workspaceFolder}", folder));
  return words.length > 0 ? words : ["archc", "lsp"];
}

async function start() {
  if (!vscode.workspace.isTrusted) {
    return; // a folder's settings name the command: nothing of theirs runs unasked
  }
  const [program, ...args] = command();
  const server = { command: program, args, transport: TransportKind.stdio };
  const options = {
    documentSelector: [
      { scheme: "file", language: "arch" },
      { scheme: "untitled", language: "arch" },
    ],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.arch") },
  };
  client = new LanguageClient("archc", "archc", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const hint =
      "`" + [program, ...args].join(" ") + "` does not start: " +
      "install it with `pip install 'archc-dsl[lsp]'`, or set `archc.command`";
    const choice = await vscode.window.showErrorMessage(hint, "Open settings");
    if (choice) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "archc.command");
    }
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("archc.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("archc.command")) {
        restart();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(start),
  );
  start(); // not awaited: a server that is slow to start holds up nothing
}

module.exports = { activate, deactivate: stop };
