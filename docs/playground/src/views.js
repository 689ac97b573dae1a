// What the tabs show of a network.
import {StreamLanguage} from "@codemirror/language";
import {json} from "@codemirror/legacy-modes/mode/javascript";
import {python} from "@codemirror/legacy-modes/mode/python";
import {tags} from "@lezer/highlight";
import {replace, viewer} from "./editor.js";
import {element, line} from "./markdown.js";

const scheme = () => document.documentElement.dataset.theme;

/** Save a text as a file. */
export function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], {type}));
  element("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** A picture as the elements of this page. Its texts are escaped where it is made; what is not of
 * a picture is left out all the same. */
function pictured(text) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (svg.localName !== "svg" || svg.querySelector("script,foreignObject,a,image,use")) return "";
  return document.importNode(svg, true);
}

function region(label, ...children) {
  return element("div", {class: "wide", tabindex: 0, role: "region", "aria-label": label}, ...children);
}

function button(label, onclick, more = {}) {
  return element("button", {type: "button", onclick, ...more}, label);
}

const part = (heading, ...children) => [element("h3", {}, heading), ...children];
const known = new WeakMap();

/** Put other children into an element if what they are made of is other than it was. */
function renew(parent, from, make) {
  const key = JSON.stringify(from);
  if (known.get(parent) === key) return;
  known.set(parent, key);
  parent.replaceChildren(...make());
}

// --- the profile ---------------------------------------------------------------------------------

/** The headings, tiles, findings and tables of a network; `go(place)` shows a line. */
export class Profile {
  constructor(go) {
    this.go = go;
    this.sorted = null; // the column that rows are sorted by, and which way
    this.rows = new Map(); // what is in the table, by what it says
    this.top = element("div");
    this.rest = element("div");
    this.head = element("tr");
    this.body = element("tbody");
    const table = element("table", {class: "layers"}, element("thead", {}, this.head), this.body);
    this.middle = element("div", {}, ...part("Layers", region("Layers", table)));
  }

  show(parent, {profile: of}) {
    if (parent.firstChild !== this.top) parent.replaceChildren(this.top, this.middle, this.rest);
    // What stays as it was is left alone: a key changes few of the many rows.
    renew(this.top, [of.about, of.tiles, of.findings], () => this.#top(of));
    this.#layers(of);
    renew(this.rest, [of.spans, of.time, of.lists, of.exact, of.estimated], () => this.#rest(of));
  }

  #place(text, shown = text) {
    if (!/:\d+$/.test(text)) return shown;
    return button(shown, () => this.go(text), {class: "link"});
  }

  #top(of) {
    return [
      element("p", {class: "soft about-network"}, ...of.about.map((one) => element("span", {class: "line"}, one))),
      element("dl", {class: "tiles"}, ...of.tiles.map((tile) => this.#tile(tile))),
      ...of.findings.length ? part("Findings", this.#findings(of.findings)) : [],
    ];
  }

  #rest(of) {
    const list = (lines) => element("ul", {}, ...lines.map((one) => element("li", {}, ...line(one))));
    return [
      of.spans.length ? part("Time of one inference (estimate)", element("p", {}, of.time), region("Time of each part", this.#times(of.spans))) : [],
      ...of.lists.map(([heading, lines]) => part(heading, list(lines))),
      part("What is exact", list(of.exact)),
      of.estimated.length ? part("What is estimated", list(of.estimated)) : [],
    ].flat();
  }

  #tile({label, value, remark, exact}) {
    const kind = exact ? "exact" : "estimate";
    return element("div", {}, element("dt", {}, label), element("dd", {},
      element("b", {}, value), " ", element("span", {class: `badge ${kind}`}, kind),
      remark ? element("small", {}, remark) : null));
  }

  #findings(findings) {
    return element("ul", {class: "findings"}, ...findings.map((one) => element("li", {class: one.level},
      element("b", {}, one.level), " ", element("code", {}, one.code), " ",
      ...one.places.flatMap(([shown, place], at) => [at ? ", " : "", this.#place(place, shown)]),
      element("span", {class: "line"}, ...line(one.message)), one.remedy ? element("span", {class: "line"}, ...line(one.remedy)) : null,
      element("small", {class: "line"}, `source: ${one.source}`))));
  }

  #layers(of) {
    this.of = of;
    renew(this.head, [of.headings, this.sorted], () => of.headings.map((heading, column) => {
      const number = column > 2 && column < of.headings.length - 1;
      const now = this.sorted?.heading === heading ? this.sorted.way : null;
      return element("th", {scope: "col", class: number && "number", "aria-sort": now},
        button(heading, () => this.#sort(heading, column, number)));
    }));
    const before = this.rows;
    this.rows = new Map();
    const shown = this.#order(of.rows).map((row) => {
      const key = JSON.stringify(row);
      const made = before.get(key) ?? this.#row(row);
      this.rows.set(key, made);
      return made;
    });
    shown.forEach((row, at) => {
      const there = this.body.rows[at];
      if (there === undefined) this.body.append(row);
      else if (there !== row) this.body.replaceChild(row, there);
    });
    while (this.body.rows.length > shown.length) this.body.lastChild.remove();
  }

  #row([name, kind, shape, cells, place]) {
    return element("tr", {},
      element("th", {scope: "row"}, name), element("td", {}, kind), element("td", {}, shape),
      ...cells.map(([said, , percent]) => {
        const meter = percent ? element("span", {class: "meter"}) : null;
        meter?.style.setProperty("width", `${percent}%`);
        return element("td", {class: "number"}, said, meter);
      }),
      element("td", {}, this.#place(place)));
  }

  #sort(heading, column, number) {
    const ways = number ? ["descending", "ascending"] : ["ascending", "descending"];
    const was = this.sorted?.heading === heading ? ways.indexOf(this.sorted.way) : -1;
    this.sorted = was === 1 ? null : {heading, column, number, way: ways[was + 1]};
    this.#layers(this.of);
    [...this.head.querySelectorAll("button")].find((one) => one.textContent === heading)?.focus();
  }

  #order(rows) {
    if (this.sorted === null) return rows;
    const {column, number, way} = this.sorted;
    const value = ([name, kind, shape, cells, place]) => (
      number ? cells[column - 3]?.[1] ?? -1 : [name, kind, shape][column] ?? place);
    const sign = way === "ascending" ? 1 : -1;
    return [...rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    });
  }

  #times(spans) {
    return element("table", {class: "times"},
      element("thead", {}, element("tr", {}, ...["begins with", "time", "share of the longest", "goes to", "what would help"].map(
        (heading, at) => element("th", {scope: "col", class: at === 1 && "number"}, heading)))),
      element("tbody", {}, ...spans.map(([name, shown, percent, reason, advice]) => {
        const meter = element("span", {class: "meter"});
        meter.style.setProperty("width", `${percent}px`);
        return element("tr", {}, element("th", {scope: "row"}, name), element("td", {class: "number"}, shown),
          element("td", {}, meter), element("td", {}, reason), element("td", {}, advice));
      })));
  }
}

// --- pictures ------------------------------------------------------------------------------------

/** The network as a drawing: larger, smaller, in more or less detail; a click on a box shows its
 * line. `again()` asks for it anew. */
export class Drawing {
  options = {};
  #scale = null;

  constructor(go, again) {
    this.go = go;
    this.again = again;
    const choose = (label, name, choices) => {
      const select = element("select", {onchange: () => {
        this.options[name] = select.value || undefined;
        this.#scale = null;
        this.again();
      }}, ...choices.map(([value, text]) => element("option", {value}, text)));
      return [select, element("label", {class: "field"}, element("span", {}, label), " ", select)];
    };
    [this.detail, this.detailLabel] = choose("Detail", "detail", [["", "automatic"], ["stages", "stages"], ["blocks", "blocks"], ["layers", "layers"]]);
    [this.color, this.colorLabel] = choose("Colour by", "color", [["macs", "MACs"], ["time", "time"]]);
    this.tools = element("div", {class: "toolbar"}, this.detailLabel, this.colorLabel,
      button("−", () => this.#zoom(0.8), {"aria-label": "smaller", title: "smaller"}),
      button("+", () => this.#zoom(1.25), {"aria-label": "larger", title: "larger"}),
      button("Fit", () => { this.#scale = 0; this.#size(); }),
      button("Download SVG", () => download(`${this.name}.svg`, this.text, "image/svg+xml")));
    this.frame = region("Drawing of the network");
    this.frame.classList.add("drawing");
    this.frame.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.#zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    }, {passive: false});
    this.frame.addEventListener("click", (event) => {
      const title = event.target.closest("g")?.querySelector("title")?.textContent ?? "";
      const place = /\S+\.arch:\d+/.exec(title)?.[0];
      if (place) this.go(place);
    });
    new ResizeObserver(() => this.#size()).observe(this.frame);
  }

  ask() { return {...this.options, scheme: scheme(), name: "drawing"}; }

  show(parent, {svg, network, timed}) {
    this.text = svg;
    this.name = network;
    this.colorLabel.hidden = !timed;
    if (parent.firstChild !== this.tools) parent.replaceChildren(this.tools, this.frame);
    const {scrollLeft, scrollTop} = this.frame;
    this.frame.replaceChildren(pictured(svg));
    this.#size();
    this.frame.scrollTo(scrollLeft, scrollTop);
  }

  #size() {
    const svg = this.frame.querySelector("svg");
    if (!svg || !this.frame.clientWidth) return;
    const whole = svg.width.baseVal.value;
    this.width ??= whole;
    const fit = Math.min(1, (this.frame.clientWidth - 2) / svg.viewBox.baseVal.width);
    svg.style.width = `${svg.viewBox.baseVal.width * (this.#scale === 0 ? fit : this.#scale ?? Math.max(fit, 0.6))}px`;
    svg.style.height = "auto";
  }

  #zoom(by) {
    const svg = this.frame.querySelector("svg");
    if (!svg) return;
    const now = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    this.#scale = Math.min(Math.max(now * by, 0.1), 8);
    this.#size();
  }
}

/** Memory over time, as pictures. */
export class Memory {
  ask() { return {scheme: scheme(), name: "memory"}; }

  show(parent, {pictures}) {
    const scroll = parent.scrollTop;
    parent.replaceChildren(...pictures.flatMap(({title, description, svg}) => [
      element("h3", {}, `Memory over time: ${title}`), element("p", {class: "soft"}, description),
      region(title, pictured(svg)),
    ]));
    for (const svg of parent.querySelectorAll("svg")) svg.classList.add("whole");
    parent.append(legend((kind) => parent.querySelector(`.bar.${kind}`)));
    parent.scrollTop = scroll;
  }
}

function legend(shown) {
  return element("p", {class: "legend"}, ...["activation", "border", "scratch"].filter(shown).map(
    (kind) => element("span", {class: `key ${kind}`}, kind)));
}

// --- texts ---------------------------------------------------------------------------------------

/** A text that is made: shown, copied, saved. `say(text)` tells what was done. */
class Text {
  constructor(language, label, type, say) {
    Object.assign(this, {language, label, type, say});
    this.tools = element("div", {class: "toolbar"}, element("code", {class: "file"}),
      button("Copy", () => this.#copy()),
      button("Download", () => download(this.file, this.text, this.type)));
    this.frame = element("div", {class: "viewer"});
  }

  ask() { return {}; }

  show(parent, {text, file}) {
    Object.assign(this, {text, file});
    this.view ??= viewer(this.frame, StreamLanguage.define(this.language), this.label);
    if (parent.firstChild !== this.tools) parent.replaceChildren(this.tools, this.frame);
    this.tools.firstChild.textContent = file;
    if (this.view.state.doc.toString() !== text) replace(this.view, text);
  }

  async #copy() {
    this.say(await copied(this.text) ? `${this.file} was copied` : "it could not be copied");
  }
}

/** Put a text on the clipboard; whether that was allowed. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // no clipboard without a secure context, or it was refused
    const area = element("textarea", {"aria-hidden": "true", class: "away"});
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export const module = (say) => new Text(python, "The Keras module", "text/x-python", say);
const named = {...json, tokenTable: {property: tags.propertyName}};
export const manifest = (say) => new Text(named, "The manifest", "application/json", say);
