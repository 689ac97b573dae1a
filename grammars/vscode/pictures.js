// The drawing of a network and its memory over time, in a panel beside the text, as somebody types.
"use strict";

const { randomBytes } = require("crypto");
const vscode = require("vscode");

const VIEW = "archc.pictures";
const DELAY = 150; // milliseconds without a change after which pictures are asked for
const DETAILS = ["stages", "blocks", "layers"];
const COLOURS = ["macs", "time"];
const LEAST = 480;
const MOST = 2400; // pixels of a drawing's width

const STOPPED =
  "The language server is not running. “archc: Restart the language server” starts it.";
const OLD = "This version of archc draws no pictures for editors: install a newer one.";

/** Whether a document is one of ours. */
function ours(document) {
  return document?.languageId === "arch" && ["file", "untitled"].includes(document.uri.scheme);
}

/** One of some words, or undefined. */
function among(words, word) {
  return words.includes(word) ? word : undefined;
}

class Pictures {
  /**
   * @param {import("vscode").Uri} extension - where the extension is.
   * @param {(uri: string, pane: string, options: object) => Promise<object | undefined>} ask
   */
  constructor(extension, ask) {
    this.media = vscode.Uri.joinPath(extension, "media");
    this.ask = ask;
    this.wanted = { width: 900 };
    this.places = undefined;
    this.asked = 0;
    this.listening = [
      vscode.window.registerWebviewPanelSerializer(VIEW, {
        deserializeWebviewPanel: async (panel, state) => this.restore(panel, state),
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => ours(document) && this.soon()),
      vscode.workspace.onDidSaveTextDocument((document) => ours(document) && this.soon()),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.follow(editor)),
      vscode.window.onDidChangeActiveColorTheme(() => this.soon()),
      vscode.window.onDidChangeTextEditorSelection((event) => this.cursor(event.textEditor)),
    ];
  }

  dispose() {
    clearTimeout(this.timer);
    this.listening.forEach((one) => one.dispose());
    this.panel?.dispose();
  }

  /** Show the pictures of the document that is edited. */
  open() {
    const editor = vscode.window.activeTextEditor;
    if (!ours(editor?.document) && !this.panel) {
      void vscode.window.showInformationMessage("Open a .arch file first.");
      return;
    }
    if (this.panel) {
      this.panel.reveal(undefined, true);
      this.follow(editor);
      return;
    }
    const beside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    this.attach(vscode.window.createWebviewPanel(VIEW, "archc", beside, this.options()));
    this.of(editor.document.uri);
  }

  /** A panel of the last session. */
  restore(panel, state) {
    panel.webview.options = this.options();
    this.attach(panel);
    const uri = typeof state?.uri === "string" ? vscode.Uri.parse(state.uri) : undefined;
    this.choose(state ?? {});
    const active = vscode.window.activeTextEditor?.document;
    const document = uri ?? (ours(active) ? active.uri : undefined);
    if (document) {
      this.of(document);
    }
  }

  options() {
    return { enableScripts: true, retainContextWhenHidden: false, localResourceRoots: [this.media] };
  }

  attach(panel) {
    this.panel = panel;
    panel.iconPath = vscode.Uri.joinPath(this.media, "..", "icon.png");
    panel.webview.onDidReceiveMessage((message) => this.told(message));
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.ready = false;
    });
    panel.onDidChangeViewState(() => panel.visible && this.soon());
    panel.webview.html = this.html(panel.webview);
  }

  /** Show another document. */
  of(uri) {
    if (this.uri?.toString() !== uri.toString()) {
      this.uri = uri;
      this.wanted.arch = undefined;
      this.places = undefined;
    }
    if (this.panel) {
      this.panel.title = `${uri.path.split("/").pop()} (pictures)`;
    }
    this.soon(0);
  }

  follow(editor) {
    if (this.panel && ours(editor?.document)) {
      this.of(editor.document.uri);
    }
  }

  /** What somebody chose in the panel; anything else is left out. */
  choose(message) {
    const arch = typeof message.arch === "string" ? message.arch : undefined;
    const width = Number.isFinite(message.width) ? Math.round(message.width) : this.wanted.width;
    this.wanted = {
      arch,
      detail: among(DETAILS, message.detail),
      color: among(COLOURS, message.color),
      width: Math.min(Math.max(width, LEAST), MOST),
    };
  }

  told(message) {
    if (message?.type === "ready" || message?.type === "choose") {
      this.ready = true;
      this.choose(message);
      this.soon(0);
    } else if (message?.type === "reveal") {
      void this.reveal(message);
    }
  }

  // --- asking, and showing what is answered ------------------------------------------------

  refresh() {
    this.soon(0);
  }

  soon(delay = DELAY) {
    clearTimeout(this.timer);
    if (this.panel && this.ready && this.uri) {
      this.timer = setTimeout(() => void this.show(), delay);
    }
  }

  async show() {
    const asked = ++this.asked;
    const uri = this.uri.toString();
    const { arch, detail, color, width } = this.wanted;
    const scheme = dark() ? "dark" : "light";
    const of = (pane, options) => this.ask(uri, pane, { arch, ...options });
    let shown;
    try {
      if (this.uri.scheme === "file") {
        await vscode.workspace.openTextDocument(this.uri); // the server has those that are open
      }
      const [summary, drawing, memory, places] = await Promise.all([
        of("summary", {}),
        of("drawing", { detail, color, width, scheme, name: "drawing" }),
        of("memory", { scheme, name: "memory" }),
        of("places", {}),
      ]);
      shown = summary
        ? { summary, drawing, memory, layers: places?.layers ?? {} }
        : { problem: STOPPED };
      this.places = places;
    } catch (error) {
      const said = String(error?.message ?? error);
      shown = { problem: /not defined|not found/i.test(said) ? OLD : `No pictures: ${said}` };
    }
    if (asked === this.asked) {
      this.panel?.webview.postMessage({ type: "show", uri, ...shown });
      this.cursor(this.editor());
    }
  }

  /** The editor of the document that is shown. */
  editor() {
    const uri = this.uri?.toString();
    return vscode.window.visibleTextEditors.find((one) => one.document.uri.toString() === uri);
  }

  /** Mark in the pictures what stands in the line of the cursor. */
  cursor(editor) {
    if (!this.panel || !this.places?.files || !editor) {
      return;
    }
    const uri = editor.document.uri.toString();
    const [file] = Object.entries(this.places.files).find(([, one]) => same(one, uri)) ?? [];
    if (file !== undefined) {
      const line = editor.selection.active.line + 1;
      this.panel.webview.postMessage({ type: "cursor", file, line });
    }
  }

  /** Jump to a line of a file that the server named. */
  async reveal({ file, line }) {
    const files = this.places?.files ?? {};
    if (!Object.hasOwn(files, file) || !Number.isInteger(line) || line < 1) {
      return;
    }
    const uri = files[file];
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    const open = vscode.window.visibleTextEditors.find((one) => one.document === document);
    const at = document.lineAt(Math.min(line, document.lineCount) - 1);
    const start = new vscode.Position(at.lineNumber, at.firstNonWhitespaceCharacterIndex);
    await vscode.window.showTextDocument(document, {
      viewColumn: open?.viewColumn ?? vscode.ViewColumn.One,
      selection: new vscode.Range(start, start),
    });
  }

  /** The page: no script but its own, nothing from elsewhere, no style in it. */
  html(webview) {
    const file = (name) => webview.asWebviewUri(vscode.Uri.joinPath(this.media, name));
    const nonce = randomBytes(16).toString("hex");
    const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource}`;
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file("panel.css")}">
<title>archc</title>
</head>
<body>
<header>
  <label id="network" hidden>Network <select></select></label>
  <label>Detail <select id="detail">
    <option value="">as fits</option><option>stages</option><option>blocks</option><option>layers</option>
  </select></label>
  <label>Colours <select id="color"><option value="macs">MACs</option><option value="time">time</option></select></label>
  <span class="tools">
    <button id="smaller" title="Smaller" aria-label="Smaller">−</button>
    <button id="fit" title="Fit to the panel">Fit</button>
    <button id="larger" title="Larger" aria-label="Larger">+</button>
  </span>
</header>
<p id="notice" role="status"></p>
<main>
  <h1 id="name"></h1>
  <dl id="figures"></dl>
  <section id="drawing" aria-label="Drawing"></section>
  <section id="memory" aria-label="Memory over time"></section>
</main>
<script nonce="${nonce}" src="${file("panel.js")}"></script>
</body>
</html>`;
  }
}

/** Two spellings of one address are the same. */
function same(one, other) {
  return one === other || vscode.Uri.parse(one).toString() === vscode.Uri.parse(other).toString();
}

function dark() {
  const { Dark, HighContrast } = vscode.ColorThemeKind;
  return [Dark, HighContrast].includes(vscode.window.activeColorTheme.kind);
}

module.exports = { Pictures, VIEW };
