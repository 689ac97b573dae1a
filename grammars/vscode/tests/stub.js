// VS Code and its language client, as far as the extension uses them, without VS Code.
"use strict";

const Module = require("module");
const path = require("path");

const ROOT = path.join(__dirname, "..");

class Uri {
  constructor(scheme, place) {
    this.scheme = scheme;
    this.path = place;
    this.fsPath = place;
  }
  static parse(text) {
    const at = text.indexOf(":");
    return new Uri(text.slice(0, at), decodeURIComponent(text.slice(at + 1).replace(/^\/\//, "")));
  }
  static file(place) {
    return new Uri("file", place);
  }
  static joinPath(base, ...parts) {
    return new Uri(base.scheme, path.posix.join(base.path, ...parts));
  }
  toString() {
    const place = this.path.split("/").map(encodeURIComponent).join("/");
    return this.scheme === "file" ? `file://${place}` : `${this.scheme}:${place}`;
  }
}

class Event {
  constructor() {
    this.calls = [];
    this.on = (call) => {
      this.calls.push(call);
      return { dispose: () => (this.calls = this.calls.filter((one) => one !== call)) };
    };
  }
  fire(value) {
    return Promise.all(this.calls.map((call) => call(value)));
  }
}

/** A document of the editor. */
function document(uri, text = "", languageId = "arch") {
  const lines = text.split("\n");
  return {
    uri,
    languageId,
    lineCount: lines.length,
    lineAt: (at) => ({
      lineNumber: at,
      firstNonWhitespaceCharacterIndex: Math.max(lines[at].search(/\S/), 0),
    }),
  };
}

class Panel {
  constructor() {
    this.posted = [];
    this.received = new Event();
    this.gone = new Event();
    this.changed = new Event();
    this.visible = true;
    this.onDidDispose = this.gone.on;
    this.onDidChangeViewState = this.changed.on;
    this.webview = {
      cspSource: "https://panel.test",
      asWebviewUri: (uri) => `https://panel.test${uri.path}`,
      onDidReceiveMessage: this.received.on,
      postMessage: (message) => this.posted.push(message),
    };
  }
  reveal() {
    this.revealed = true;
  }
  dispose() {
    this.gone.fire();
  }
}

/** A window with nothing in it, and the extension's modules loaded into it. */
function fresh(given = {}) {
  const events = {};
  const event = (name) => (events[name] ??= new Event()).on;
  const world = { events, commands: {}, errors: [], told: [], shown: [], panels: [], clients: [],
    settings: {}, given, documents: new Map(), uncalled: [] }; // prettier-ignore

  class LanguageClient {
    constructor(id, name, server, options) {
      Object.assign(this, { server, options, outputChannel: { show: () => world.shown.push("output") } });
      world.clients.push(this);
    }
    async start() {
      await given.starting?.(this);
      this.running = true;
      this.initializeResult = { serverInfo: { name: "archc", version: "0.1.0" } };
    }
    async stop() {
      this.running = false;
    }
    async sendRequest(method, params) {
      return given.answer?.(method, params);
    }
  }

  const vscode = {
    Uri,
    Position: class { constructor(line, character) { Object.assign(this, { line, character }); } },
    Range: class { constructor(start, end) { Object.assign(this, { start, end }); } },
    ViewColumn: { One: 1, Beside: -2 },
    ColorThemeKind: { Light: 1, Dark: 2, HighContrast: 3, HighContrastLight: 4 },
    LanguageStatusSeverity: { Information: 0, Warning: 1, Error: 2 },
    languages: { createLanguageStatusItem: () => (world.status = { dispose() {} }) },
    extensions: { getExtension: (id) => (id === "ms-python.python" ? given.python : undefined) },
    env: {},
    commands: {
      registerCommand: (name, call) => {
        world.commands[name] = call;
        return { dispose() {} };
      },
      executeCommand: async (...words) => void world.uncalled.push(words),
    },
    workspace: {
      get isTrusted() { return given.trusted ?? true; },
      workspaceFolders: (given.folders ?? []).map((one) => ({ uri: Uri.file(one) })),
      getConfiguration: (section) => ({
        get: (name) => world.settings[`${section}.${name}`],
        inspect: (name) => ({ defaultValue: [], workspaceValue: world.settings[`${section}.${name}`] }),
      }),
      createFileSystemWatcher: () => ({}),
      onDidChangeConfiguration: event("configuration"),
      onDidGrantWorkspaceTrust: event("trust"),
      onDidChangeTextDocument: event("text"),
      onDidSaveTextDocument: event("save"),
      openTextDocument: async (uri) => {
        const known = world.documents.get(uri.toString());
        if (!known) throw new Error(`there is no ${uri}`);
        return known;
      },
    },
    window: {
      visibleTextEditors: [],
      activeTextEditor: undefined,
      activeColorTheme: { kind: 1 },
      registerWebviewPanelSerializer: (view, serializer) => {
        world.serializer = serializer;
        return { dispose() {} };
      },
      createWebviewPanel: (view, title, column, options) => {
        const panel = Object.assign(new Panel(), { view, title, column, options });
        panel.webview.options = options;
        world.panels.push(panel);
        return panel;
      },
      showErrorMessage: async (text, ...choices) => {
        world.errors.push(text);
        return given.choose?.(choices);
      },
      showInformationMessage: async (text) => void world.told.push(text),
      showTextDocument: async (shown, options) => void world.shown.push({ shown, options }),
      onDidChangeActiveTextEditor: event("editor"),
      onDidChangeActiveColorTheme: event("theme"),
      onDidChangeTextEditorSelection: event("selection"),
    },
  };

  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (name === "vscode") return vscode;
    if (name.startsWith("vscode-languageclient")) {
      return { LanguageClient, TransportKind: { stdio: 0 } };
    }
    return load(name, ...rest);
  };
  try {
    for (const name of Object.keys(require.cache)) {
      if (name.startsWith(ROOT) && name !== __filename && !name.includes("node_modules")) {
        delete require.cache[name];
      }
    }
    world.main = require(path.join(ROOT, "main.js"));
  } finally {
    Module._load = load;
  }
  world.vscode = vscode;
  world.edit = (uri, text) => {
    const made = document(uri, text);
    world.documents.set(uri.toString(), made);
    const editor = { document: made, viewColumn: 1, selection: { active: { line: 0 } } };
    vscode.window.visibleTextEditors.push(editor);
    vscode.window.activeTextEditor = editor;
    return editor;
  };
  world.activate = async () => {
    world.context = { extensionUri: Uri.file("/extension"), subscriptions: [] };
    await world.main.activate(world.context);
    await pause();
    return world;
  };
  return world;
}

function pause(milliseconds = 20) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

module.exports = { Panel, Uri, document, fresh, pause };
