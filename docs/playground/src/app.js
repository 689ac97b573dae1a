// The page: an editor, a compiler in a worker, and what that says of the text.
import {specs, version} from "page.json";
import {Compiler, Stopped} from "./compiler.js";
import {Controls} from "./controls.js";
import {FOREIGN, apply, changes, editor, fixesOf, offset, replace, reveal, setTold, titled, told} from "./editor.js";
import {ALONE} from "./launch.js";
import {NoSpec, fragment, held} from "./link.js";
import {element, line as lineOf} from "./markdown.js";
import {Drawing, Memory, Profile, copied, download, manifest, module} from "./views.js";

const PAUSE = 25; // milliseconds without a key after which a text is compiled: a burst is one
const PATIENCE = 700; // after which a compile can be stopped
const MOST = 20_000; // after which it is
const LINK_PAUSE = 400;
const FIRST = "dscnn.arch";
const $ = (id) => document.getElementById(id);

let name = FIRST;
let arch; // the network that was chosen
let latest = null; // what was said of the text that was compiled last
let tab = "profile";

// --- what is said --------------------------------------------------------------------------------

function say(text, kind = "") {
  const status = $("status");
  if (status.textContent !== text) status.textContent = text;
  status.dataset.kind = kind;
}

function bug(error) {
  if (error instanceof Stopped) return;
  compiler.stop(); // whatever it was, the next text gets a compiler that knows nothing of it
  say(`This is a bug in archc: ${error.message.trim().split("\n").at(-1)}`, "error");
  console.error(error);
}

// --- compile on change: the newest text only -----------------------------------------------------

let sent = null; // the text that the compiler has
let sentArch;
let halted = null; // what is said of it after its compile was stopped, where nothing can be asked
let running = null;
let timer;
let count = 0;

const compiler = new Compiler((state, reason) => {
  if (state === "kept") { offline(); return; }
  document.documentElement.dataset.compiler = state;
  if (state === "loading") say("The compiler is loading …");
  if (state === "failed") say(`The compiler could not be loaded: ${reason}`, "error");
});

function soon(pause = PAUSE) {
  clearTimeout(timer);
  timer = setTimeout(() => { if (!running) current().catch(bug); }, pause);
}

/** Compile the text as it is, unless the compiler has it. */
async function current() {
  while (running) await running;
  const text = view.state.doc.toString();
  if (text === sent && arch === sentArch) return;
  clearTimeout(timer);
  running = compile(text);
  try { await running; } finally { running = null; }
  if (view.state.doc.toString() !== sent) soon(0);
}

async function compile(text) {
  sent = text;
  sentArch = arch;
  halted = null;
  const started = performance.now();
  let over = false;
  let slow;
  let end;
  compiler.ready.then(() => {
    if (over) return;
    slow = setTimeout(() => { $("stop").hidden = false; say("Compiling …"); }, PATIENCE);
    end = setTimeout(() => stop(`after ${MOST / 1000} s`), MOST);
  });
  try {
    const answer = compiler.ask("update", name, text, ++count, arch);
    const shown = ask(tab); // answered next, without another way there and back
    shown.catch(() => {});
    latest = await answer;
    latest.text = text;
    if (view.state.doc.toString() === text) show();
    await shown.then((found) => fill(tab, found));
    const took = performance.now() - started;
    document.documentElement.dataset.took = took.toFixed(1);
    document.documentElement.dataset.shown = count;
    say(summary(), errors() ? "error" : "");
    keep();
  } finally {
    over = true;
    clearTimeout(slow);
    clearTimeout(end);
    $("stop").hidden = true;
  }
}

function stop(when) {
  compiler.stop();
  halted = `The compile was stopped${when ? ` ${when}` : ""}. Edit the text to start another one.`;
  say(halted, "error");
}
$("stop").addEventListener("click", () => stop());

const errors = () => latest.diagnostics.filter((one) => one.severity === 1).length;

function summary() {
  const counts = ["error", "warning", "note"].map((word, at) => {
    const number = latest.diagnostics.filter((one) => one.severity === at + 1).length;
    return number ? `${number} ${word}${number === 1 ? "" : "s"}` : "";
  }).filter(Boolean);
  return counts.length ? counts.join(", ") : "No problems";
}

// --- what is shown of a text ---------------------------------------------------------------------

function show() {
  setTold(view, latest);
  problems();
  headline();
  controls.show(latest.parameters.parameters ?? []);
}

function problems() {
  const {diagnostics, actions} = latest;
  const all = actions.find((one) => one.kind.startsWith("source.fixAll"));
  $("counts").textContent = diagnostics.length ? summary() : "none";
  $("fixall").hidden = !all || diagnostics.filter((one) => one.data.edits.length).length < 2;
  $("fixall").textContent = "Fix all";
  $("fixall").onclick = () => apply(view, all);
  $("problems").classList.toggle("none", diagnostics.length === 0);
  $("problems").classList.toggle("calm", diagnostics.every((one) => one.severity === 3));
  $("problems").querySelector("ul").replaceChildren(...diagnostics.map((one) => {
    const level = one.data.level;
    const line = one.range.start.line + 1;
    const go = () => reveal(view, offset(view.state.doc, one.range.start));
    const [headline, rest] = told(one);
    const said = element("details", {class: "told", open: level === "error"}, element("summary", {}, headline), rest);
    return element("li", {class: level},
      element("button", {type: "button", class: "place", onclick: go}, `line ${line}`),
      element("b", {}, level), said,
      ...fixesOf(one, actions).map((action) => element("button", {
        type: "button", class: "fix", onclick: () => apply(view, action),
      }, ...lineOf(titled(action)))));
  }));
}

function headline() {
  const {network, networks, totals, deployed, verdict, stale} = latest.summary;
  const figures = totals && [
    [totals.params, "params"], [totals.macs, "MACs"],
    [deployed.weight_bytes, "bytes of weights"], [deployed.peak_activation_bytes, "bytes at the peak (estimate)"],
  ].filter(([figure]) => figure != null).map(([figure, word]) => `${figure.toLocaleString("en")} ${word}`);
  $("network").textContent = network ?? "No network yet";
  document.title = network ? `${network} · archc playground` : "archc playground";
  $("totals").textContent = figures ? figures.join(" · ") : "";
  $("verdict").textContent = verdict ?? "";
  $("verdict").dataset.verdict = (verdict ?? "").split(": ").at(-1).split(" ")[0];
  $("stale").hidden = !stale;
  $("results").classList.toggle("stale", stale);
  const choose = $("archs").querySelector("select");
  $("archs").hidden = networks.length < 2;
  if ([...choose.options].map((one) => one.value).join() !== networks.join()) {
    choose.replaceChildren(...networks.map((one) => element("option", {}, one)));
  }
  choose.value = network ?? "";
}
$("archs").querySelector("select").addEventListener("change", (event) => {
  arch = event.target.value;
  current().catch(bug);
});

// --- tabs ----------------------------------------------------------------------------------------

/** Show a place, `FILE:LINE`, if it is of this text. */
function go(place) {
  const [, file, line] = /^(.*):(\d+)$/.exec(place);
  if (file !== name.split("/").at(-1)) {
    const other = Object.keys(specs).find((one) => one.split("/").at(-1) === file);
    if (other === undefined || view.state.doc.toString() !== specs[name]) {
      say(`${place} is in another file`); // and this one would be lost
      return;
    }
    open({name: other, text: specs[other]});
  }
  reveal(view, view.state.doc.line(Math.min(Number(line), view.state.doc.lines)).from);
}

const again = () => refresh().catch(bug);
const views = {
  profile: new Profile(go), drawing: new Drawing(go, again), memory: new Memory(),
  module: module(say), manifest: manifest(say),
};
let filled; // the tab that the pane holds; null where it has nothing to show, undefined before

function ask(which) {
  return compiler.ask("pane", which, arch, JSON.stringify(views[which].ask?.() ?? {}));
}

function fill(which, found) {
  if (which !== tab) return;
  const pane = $("pane");
  if (filled !== which) { pane.replaceChildren(); pane.scrollTop = 0; }
  filled = which;
  pane.dataset.tab = which;
  if (found.missing || found.network === null) {
    filled = null;
    const why = latest && errors() ? "There is no network yet: see the problems." : `Nothing to show: ${found.missing}.`;
    pane.replaceChildren(element("p", {class: "empty"}, found.network === null ? why : `${found.missing}.`));
  } else views[which].show(pane, found);
}

async function refresh() {
  const which = tab;
  await current();
  if (halted) { say(halted, "error"); return; }
  fill(which, await ask(which));
}

const tabs = [...document.querySelectorAll("[role=tab]")];
function choose(button, focus) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", one === button);
    one.tabIndex = one === button ? 0 : -1;
  }
  tab = button.id.slice("tab-".length);
  $("pane").setAttribute("aria-labelledby", button.id);
  if (focus) button.focus();
  if (!latest) return;
  if (filled !== tab) { // nothing of another tab stands below this one's name
    filled = undefined;
    $("pane").replaceChildren();
  }
  refresh().catch(bug);
}
tabs.forEach((button, at) => {
  button.addEventListener("click", () => choose(button, false));
  button.addEventListener("keydown", ({key}) => {
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1}[key];
    if (to !== undefined) choose(tabs[(to + tabs.length) % tabs.length], true);
  });
});

// --- the text ------------------------------------------------------------------------------------

/** Ask of a place in a text; nothing, if the text has changed meanwhile. */
async function question(method, doc, [line, character]) {
  try {
    await current();
    if (view.state.doc !== doc) return null;
    const answer = await compiler.ask(method, line, character);
    if (answer && method === "definition") answer.own = answer.uri.endsWith(`/${name}`);
    return view.state.doc === doc ? answer : null;
  } catch (error) { bug(error); return null; }
}

async function format() {
  await current();
  if (halted) { say(halted, "error"); return; }
  const edits = await compiler.ask("formatting");
  if (edits.length) view.dispatch({changes: changes(view.state.doc, edits), userEvent: "input.format"});
  say(edits.length ? "The text was laid out" : "It has the canonical layout already, or cannot be read");
}

const view = editor($("editor"), question, () => soon(), [
  {key: "Shift-Alt-f", run: () => { format().catch(bug); return true; }},
  {key: "Mod-s", preventDefault: true, run: () => { share().catch(bug); return true; }},
]);
const controls = new Controls($("parameters"), view);
$("save").addEventListener("click", () => download(name.split("/").at(-1), view.state.doc.toString(), "text/plain"));
$("format").addEventListener("click", () => format().catch(bug));

/** Begin with another text. */
function open(spec) {
  name = spec.name;
  arch = undefined;
  sent = null;
  if ([...$("specs").options].some((one) => one.value === name)) $("specs").value = name;
  replace(view, spec.text, FOREIGN);
  soon(0);
}

const plain = (spec) => spec.replace(/\.arch$/, "");
const family = (spec) => spec.startsWith("families/");
for (const [label, names] of [
  ["Networks", Object.keys(specs).filter((one) => !family(one))],
  ["Families", Object.keys(specs).filter(family)],
]) {
  $("specs").append(element("optgroup", {label}, ...names.map((one) => (
    element("option", {value: one}, plain(one.split("/").at(-1)))))));
}
$("specs").addEventListener("change", () => open({name: $("specs").value, text: specs[$("specs").value]}));

// --- links ---------------------------------------------------------------------------------------

let linked = location.hash;
let keeping;

/** The address holds the text, so that a reload brings it back. */
function keep() {
  clearTimeout(keeping);
  keeping = setTimeout(() => address().catch(bug), LINK_PAUSE);
}

let addressed = null; // the text that the address holds

async function address() {
  const text = view.state.doc.toString();
  const hash = await fragment(name, text, specs);
  addressed = text;
  if (hash !== null && hash !== location.hash) {
    linked = hash;
    try { history.replaceState(null, "", hash); } catch { /* too many, or too long, for this browser */ }
  }
  return hash;
}

async function share() {
  const hash = await address();
  if (hash === null) { say("The text is too large for a link", "error"); return; }
  const link = new URL(hash, location.href).href;
  say(await copied(link) ? `A link of ${link.length.toLocaleString("en")} characters was copied` : "The address of this page is the link");
}
$("share").addEventListener("click", () => share().catch(bug));

async function follow(otherwise) {
  try {
    const spec = await held(location.hash, specs) ?? otherwise;
    if (spec) open(spec);
  } catch (error) {
    if (otherwise) open(otherwise);
    unread = error instanceof NoSpec
      ? `No shipped spec is called “${error.message}”: choose one from the list.`
      : "The link is damaged or cut off: no text can be read from it.";
    say(unread, "error");
  }
}
let unread = "";
addEventListener("hashchange", () => {
  if (location.hash !== linked) { linked = location.hash; follow(null); }
});

// --- colours, sizes ------------------------------------------------------------------------------

const stored = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* not kept, then */ } },
};
const dark = matchMedia("(prefers-color-scheme: dark)");
function theme(chosen) {
  const now = chosen ?? stored.get("archc-theme") ?? (dark.matches ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", now === "dark");
  if (latest && (tab === "drawing" || tab === "memory")) refresh().catch(bug);
}
$("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  stored.set("archc-theme", next);
  theme(next);
});
dark.addEventListener("change", () => theme());
theme();

const splitter = $("splitter");
function split(percent) {
  const now = Math.round(Math.min(Math.max(percent, 20), 80));
  splitter.setAttribute("aria-valuenow", now);
  document.querySelector("main").style.setProperty("--split", `${now}%`);
}
splitter.addEventListener("pointerdown", (event) => {
  splitter.setPointerCapture(event.pointerId);
  splitter.onpointermove = ({clientX}) => split(100 * clientX / document.documentElement.clientWidth);
});
splitter.addEventListener("lostpointercapture", () => { splitter.onpointermove = null; });
splitter.addEventListener("keydown", ({key}) => {
  const by = {ArrowLeft: -2, ArrowRight: 2}[key];
  if (by) split(Number(splitter.getAttribute("aria-valuenow")) + by);
});

// --- start ---------------------------------------------------------------------------------------

$("version").textContent = version;
if (matchMedia("(max-width: 50rem), (max-height: 45rem)").matches) $("parameters").open = false;
follow({name: FIRST, text: specs[FIRST]}).then(current).then(() => {
  if (unread) say(unread, "error");
  performance.mark("first-result");
}).catch(bug);

/** Keep the page for when there is no network, now that its largest parts are in the store. */
function offline() {
  if (!ALONE && "serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => {});
}
/** Whether what is shown is of the text as it is. */
function settled() {
  return latest !== null && running === null && latest.text === view.state.doc.toString() && filled !== undefined;
}
const isLinked = () => addressed === view.state.doc.toString();
globalThis.playground = {view, compiler, settled, linked: isLinked, stop}; // for tests and the curious
