// The extension: starts the language server for `.arch` files, and shows pictures beside them.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");
const { find, onDidChoose } = require("./find");
const { Pictures } = require("./pictures");

const SELECTOR = [
  { scheme: "file", language: "arch" },
  { scheme: "untitled", language: "arch" },
];
const INSTALL = "pip install 'archc-dsl[lsp]'";

/** @type {LanguageClient | undefined} */
let client;
/** @type {Promise<void>} */
let turn = Promise.resolve();
/** @type {Pictures | undefined} */
let pictures;
/** @type {{ text: string, detail: string, severity: number, command: object } | undefined} */
let status;

/** One after another: a restart while a start is under way waits for it. */
function queued(task) {
  turn = turn.then(task, task);
  return turn;
}

async function start() {
  if (!vscode.workspace.isTrusted) {
    return; // a folder's settings and environments name the command: nothing of theirs runs unasked
  }
  const found = await find();
  if (!found.command) {
    show("archc was not found", found.looked.join(", "), true);
    tell(
      `archc was not found. Looked in: ${found.looked.join(", ")}. ` +
        `Install it with \`${INSTALL}\`, or set \`archc.command\`.`,
    );
    return;
  }
  const [program, ...args] = found.command;
  const server = { command: program, args, transport: TransportKind.stdio };
  const options = {
    documentSelector: SELECTOR,
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.arch") },
  };
  const starting = new LanguageClient("archc", "archc", server, options);
  try {
    await starting.start();
  } catch {
    show("archc does not start", found.command.join(" "), true);
    tell(
      `\`${found.command.join(" ")}\` (${found.from}) does not start as a language server: ` +
        `the output says why. It needs \`${INSTALL}\`.`,
      starting,
    );
    return;
  }
  client = starting;
  const version = starting.initializeResult?.serverInfo?.version ?? "";
  show(`archc ${version}`.trim(), `${found.command[0]} (${found.from})`, false);
  pictures?.refresh();
}

/** Say that there is no server, not waiting for an answer. */
function tell(message, failed) {
  const choices = failed ? ["Show output", "Open settings"] : ["Open settings"];
  void vscode.window.showErrorMessage(message, ...choices).then((choice) => {
    if (choice === "Show output") {
      failed.outputChannel.show();
    } else if (choice === "Open settings") {
      void vscode.commands.executeCommand("workbench.action.openSettings", "archc.command");
    }
  });
}

function show(text, detail, failed) {
  if (status) {
    status.text = text;
    status.detail = detail;
    status.severity = vscode.LanguageStatusSeverity[failed ? "Error" : "Information"];
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

function restart() {
  return queued(async () => {
    await stop();
    await start();
  });
}

/** What the server says of a pane of a document; undefined while there is none. */
async function ask(uri, pane, options) {
  return client?.sendRequest("workspace/executeCommand", {
    command: "archc.pane",
    arguments: [uri, pane, options],
  });
}

async function activate(context) {
  status = vscode.languages.createLanguageStatusItem("archc", SELECTOR);
  status.name = "archc";
  status.command = { title: "Restart", command: "archc.restart" };
  pictures = new Pictures(context.extensionUri, ask);
  context.subscriptions.push(
    status,
    pictures,
    vscode.commands.registerCommand("archc.restart", restart),
    vscode.commands.registerCommand("archc.pictures", () => pictures.open()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const set = ["archc.command", "python.defaultInterpreterPath"];
      if (set.some((name) => event.affectsConfiguration(name))) {
        void restart();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  // Not awaited: a server that is slow to start holds up nothing.
  void queued(start).then(() => {
    const listening = onDidChoose(restart);
    if (listening) {
      context.subscriptions.push(listening);
    }
  });
}

function deactivate() {
  pictures = undefined;
  return queued(stop);
}

module.exports = { activate, deactivate };
