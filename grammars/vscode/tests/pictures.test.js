// The panel: what it asks for and when, what is shown, and what a page cannot make it do.
"use strict";

const assert = require("assert");
const { test } = require("node:test");
const { Panel, Uri, document, fresh, pause } = require("./stub");

const WAIT = 220; // longer than the pause after which it asks
const SPEC = "arch a {\n    input i: 8x8x3\n    head { conv(8) }\n}\n";
const HERE = Uri.file("/specs/a b.arch");
const PLACES = { layers: { conv: ["a b.arch", 3] }, files: { "a b.arch": HERE.toString() } };

/** A server that answers every question with its name, and what it was asked. */
function server(over = {}) {
  const asked = [];
  const answer = async (method, params) => {
    const [uri, pane, options] = params.arguments;
    asked.push({ method, command: params.command, uri, pane, options });
    return over[pane]?.(options) ?? (pane === "places" ? PLACES : { pane, network: "a" });
  };
  return { asked, answer };
}

async function opened(over = {}, given = {}) {
  const { asked, answer } = server(over);
  const world = fresh({ answer, ...given });
  world.settings["archc.command"] = ["archc", "lsp"];
  const editor = world.edit(HERE, SPEC);
  await world.activate();
  await world.commands["archc.pictures"]();
  const [panel] = world.panels;
  const choose = (message) => panel.received.fire(message);
  await choose({ type: "ready", width: 800 });
  await pause();
  return { world, panel, asked, editor, choose };
}

const shows = (panel) => panel.posted.filter((one) => one.type === "show");

test("it opens beside the text and shows what the server says", async () => {
  const { world, panel, asked } = await opened();
  assert.strictEqual(panel.column.viewColumn, -2);
  assert.ok(panel.column.preserveFocus);
  assert.strictEqual(panel.title, "a b.arch (pictures)");
  assert.deepStrictEqual(asked.map((one) => one.pane), ["summary", "drawing", "memory", "places"]);
  assert.ok(asked.every((one) => one.command === "archc.pane" && one.uri === HERE.toString()));
  assert.deepStrictEqual(asked[1].options, {
    arch: undefined, detail: undefined, color: undefined, width: 800, scheme: "light", name: "drawing",
  }); // prettier-ignore
  const [shown] = shows(panel);
  assert.deepStrictEqual([shown.summary.pane, shown.drawing.pane, shown.memory.pane],
    ["summary", "drawing", "memory"]); // prettier-ignore
  assert.deepStrictEqual(shown.layers, PLACES.layers);
  await world.commands["archc.pictures"]();
  assert.strictEqual(world.panels.length, 1, "the one there is comes to the front");
});

test("its page runs its own script alone", async () => {
  const { panel } = await opened();
  const { html } = panel.webview;
  const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(html);
  const [, nonce] = /script-src 'nonce-([0-9a-f]{32})'/.exec(policy);
  assert.strictEqual(policy,
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src https://panel.test`); // prettier-ignore
  const scripts = html.match(/<script[^>]*>/g);
  assert.deepStrictEqual(scripts,
    [`<script nonce="${nonce}" src="https://panel.test/extension/media/panel.js">`]); // prettier-ignore
  assert.doesNotMatch(html, /<style| style=| on\w+=|javascript:/);
  assert.deepStrictEqual(panel.options.localResourceRoots.map(String), ["file:///extension/media"]);
  const other = await opened();
  assert.ok(!other.panel.webview.html.includes(nonce), "a nonce is used once");
});

test("it follows the text once typing pauses", async () => {
  const { world, panel, asked } = await opened();
  const before = asked.length;
  for (let count = 0; count < 5; count++) {
    await world.events.text.fire({ document: world.vscode.window.activeTextEditor.document });
    await pause(5);
  }
  assert.strictEqual(asked.length, before, "not at each key");
  await pause(WAIT);
  assert.strictEqual(asked.length, before + 4);
  assert.strictEqual(shows(panel).length, 2);
  await world.events.text.fire({ document: document(Uri.file("/notes.md"), "", "markdown") });
  await pause(WAIT);
  assert.strictEqual(asked.length, before + 4, "of other languages nothing is asked");
});

test("an answer that comes late is not shown over a newer one", async () => {
  let slow;
  const drawing = (options) => {
    if (options.detail === "stages") {
      return new Promise((done) => (slow = () => done({ pane: "late" })));
    }
    return { pane: "new" };
  };
  const { panel, choose } = await opened({ drawing });
  await choose({ type: "choose", detail: "stages" });
  await pause();
  await choose({ type: "choose", detail: "layers" });
  await pause();
  slow();
  await pause();
  assert.deepStrictEqual(shows(panel).map((one) => one.drawing.pane), ["new", "new"]);
});

test("choices are of those there are", async () => {
  const { asked, choose } = await opened();
  await choose({ type: "choose", arch: "b", detail: "blocks", color: "time", width: 99999 });
  await pause();
  const { options } = asked.filter((one) => one.pane === "drawing").at(-1);
  assert.deepStrictEqual([options.arch, options.detail, options.color, options.width],
    ["b", "blocks", "time", 2400]); // prettier-ignore
  for (const wrong of [{ detail: {}, color: "red", arch: 3, width: NaN }, { detail: "__proto__" }]) {
    await choose({ type: "choose", ...wrong });
    await pause();
    const last = asked.filter((one) => one.pane === "drawing").at(-1).options;
    assert.deepStrictEqual([last.arch, last.detail, last.color], [undefined, undefined, undefined]);
    assert.ok(last.width >= 480 && last.width <= 2400);
  }
  for (const odd of [null, undefined, 3, "ready", {}, { type: "run" }]) {
    await choose(odd);
  }
});

test("a click jumps to the line, in files that the server named alone", async () => {
  const { world, choose } = await opened();
  await choose({ type: "reveal", file: "a b.arch", line: 3 });
  await pause();
  const [{ shown, options }] = world.shown;
  assert.strictEqual(shown.uri.toString(), HERE.toString());
  assert.deepStrictEqual(options.selection.start, new world.vscode.Position(2, 4));
  assert.strictEqual(options.viewColumn, 1);
  await choose({ type: "reveal", file: "a b.arch", line: 900 });
  for (const [file, line] of [["/etc/passwd", 1], ["a b.arch", "1"], ["a b.arch", 0],
    ["constructor", 1], [{}, 1], ["a b.arch", 1.5]]) { // prettier-ignore
    await choose({ type: "reveal", file, line });
  }
  await pause();
  assert.strictEqual(world.shown.length, 2);
});

test("the line of the cursor is told", async () => {
  const { world, panel, editor } = await opened();
  editor.selection = { active: { line: 2 } };
  await world.events.selection.fire({ textEditor: editor });
  assert.deepStrictEqual(panel.posted.at(-1), { type: "cursor", file: "a b.arch", line: 3 });
  const other = { document: document(Uri.file("/other.arch")), selection: { active: { line: 0 } } };
  const before = panel.posted.length;
  await world.events.selection.fire({ textEditor: other });
  assert.strictEqual(panel.posted.length, before);
});

test("it follows the editor to another spec, and the theme", async () => {
  const { world, panel, asked } = await opened();
  const other = Uri.file("/specs/c.arch");
  const editor = world.edit(other, SPEC);
  await world.events.editor.fire(editor);
  await pause();
  assert.strictEqual(panel.title, "c.arch (pictures)");
  assert.strictEqual(asked.at(-1).uri, other.toString());
  await world.events.editor.fire({ document: document(Uri.file("/a.md"), "", "markdown") });
  await world.events.editor.fire(undefined);
  assert.strictEqual(panel.title, "c.arch (pictures)");
  for (const [kind, scheme] of [[2, "dark"], [3, "dark"], [4, "light"], [1, "light"]]) {
    world.vscode.window.activeColorTheme = { kind };
    await world.events.theme.fire();
    await pause(WAIT);
    assert.strictEqual(asked.filter((one) => one.pane === "drawing").at(-1).options.scheme, scheme);
  }
});

test("what goes wrong is said in the panel", async () => {
  for (const [over, problem] of [
    [{ summary: () => { throw new Error("Command name 'archc.pane' is not defined"); } }, /newer/],
    [{ summary: () => { throw new Error("oh"); } }, /No pictures: oh/],
  ]) { // prettier-ignore
    const { panel } = await opened(over);
    assert.match(shows(panel)[0].problem, problem);
  }
  const { panel } = await opened({}, { trusted: false });
  assert.match(shows(panel)[0].problem, /not running/);
});

test("a panel that is closed asks nothing more, and can be opened again", async () => {
  const { world, panel, asked } = await opened();
  panel.dispose();
  const before = asked.length;
  await world.events.text.fire({ document: world.vscode.window.activeTextEditor.document });
  await pause(WAIT);
  assert.strictEqual(asked.length, before);
  await world.commands["archc.pictures"]();
  assert.strictEqual(world.panels.length, 2);
  world.context.subscriptions.forEach((one) => one.dispose());
  assert.ok(Object.values(world.events).every((one) => one.calls.length <= 1));
});

test("without a spec there is nothing to open", async () => {
  const world = await fresh({}).activate();
  await world.commands["archc.pictures"]();
  assert.strictEqual(world.panels.length, 0);
  assert.deepStrictEqual(world.told, ["Open a .arch file first."]);
});

test("a panel of the last session comes back as it was", async () => {
  const { asked, answer } = server();
  const world = fresh({ answer });
  world.settings["archc.command"] = ["archc", "lsp"];
  world.documents.set(HERE.toString(), document(HERE, SPEC));
  await world.activate();
  const panel = new Panel();
  const state = { uri: HERE.toString(), arch: "b", detail: "stages" };
  await world.serializer.deserializeWebviewPanel(panel, state);
  assert.match(panel.webview.html, /panel\.js/);
  await panel.received.fire({ type: "ready", width: 700, arch: "b", detail: "stages" });
  await pause();
  assert.strictEqual(asked[1].uri, HERE.toString());
  assert.deepStrictEqual([asked[1].options.arch, asked[1].options.detail], ["b", "stages"]);
  await world.serializer.deserializeWebviewPanel(new Panel(), undefined);
});
