// Parameters as sliders and choosers. What they change is the text, which stays the one truth.
import {isolateHistory} from "@codemirror/commands";
import {offset} from "./editor.js";
import {element} from "./markdown.js";

const STOPS = 200; // of a slider over a wide range
const LEAST_STOPS = 60; // of one without a step

/** The largest of 1, 2 and 5 times a power of ten that is at most a number. */
function round(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return power * ([5, 2].find((one) => one * power <= number) ?? 1);
}

/** What a slider's places mean: `at(place)` and `place(value)`, of `count` places. */
function scale({low, high, step}) {
  const within = (value) => Math.min(Math.max(value, low), high);
  if (low > 0 && high / low >= 50 && !(step !== null && (high - low) / step <= STOPS)) {
    // By ratios, so that small values can be reached too.
    const at = (place) => {
      const value = low * (high / low) ** (place / STOPS);
      if (place <= 0 || place >= STOPS) return place <= 0 ? low : high;
      return within(step === null ? Number(value.toPrecision(2)) : low + Math.round((value - low) / step) * step);
    };
    const place = (value) => Math.round(STOPS * Math.log(within(value) / low) / Math.log(high / low));
    return {count: STOPS, at, place};
  }
  const by = step ?? round((high - low) / LEAST_STOPS);
  const first = step === null ? Math.floor(low / by + 1e-9) * by : low;
  const count = Math.ceil((high - first) / by - 1e-9);
  return {count, at: (place) => within(first + place * by), place: (value) => Math.round((value - first) / by)};
}

function written(value, whole) {
  const text = String(Number(value.toFixed(10)));
  return whole || text.includes(".") ? text : `${text}.0`;
}

export class Controls {
  #rows = new Map();

  constructor(parent, view) {
    this.parent = parent;
    this.view = view;
    this.key = "";
  }

  /** Show the parameters of a network; controls that are there already are kept, as is what the
   * pointer holds. */
  show(parameters) {
    const bounded = parameters.filter((one) => one.range && (one.choices.length || (one.low !== null && one.high !== null && one.low < one.high && one.number !== null)));
    const key = JSON.stringify(bounded.map(({name, low, high, step, choices}) => [name, low, high, step, choices]));
    if (key !== this.key) {
      this.key = key;
      this.#rows = new Map(bounded.map((one) => [one.name, this.#row(one)]));
      this.parent.querySelector(".controls").replaceChildren(...[...this.#rows.values()].map(({row}) => row));
    }
    for (const one of bounded) this.#rows.get(one.name).update(one);
    this.parent.hidden = bounded.length === 0;
  }

  #row(first) {
    const id = `control-${first.name}`;
    const label = element("label", {for: id}, first.name);
    let parameter = first;
    const change = (text) => {
      if (text === parameter.text) return;
      const {doc} = this.view.state;
      const {range, before, after} = parameter;
      this.view.dispatch({
        changes: {from: offset(doc, range.start), to: offset(doc, range.end), insert: before + text + after},
        userEvent: "input.control",
      });
    };
    const done = () => this.view.dispatch({annotations: isolateHistory.of("full")});
    if (first.choices.length) {
      const choose = element("select", {id, onchange: () => { change(choose.value); done(); }},
        ...first.choices.map((text) => element("option", {value: text}, text)));
      const update = (now) => { parameter = now; choose.value = now.text; };
      return {row: element("div", {class: "control"}, label, choose), update};
    }
    const places = scale(first);
    const slider = element("input", {type: "range", id, min: 0, max: places.count, step: 1});
    const number = element("input", {
      type: "number", "aria-label": `${first.name}, as a number`, min: first.low, max: first.high,
      step: first.step ?? "any",
    });
    const update = (now) => {
      parameter = now;
      if (document.activeElement !== number) number.value = now.number;
      if (places.at(Number(slider.value)) !== now.number) slider.value = places.place(now.number);
      slider.setAttribute("aria-valuetext", now.text);
    };
    // One edit at a time: the next needs to know where the value then stands.
    let waiting = null;
    slider.addEventListener("input", () => {
      const text = written(places.at(Number(slider.value)), parameter.whole);
      number.value = text;
      slider.setAttribute("aria-valuetext", text);
      if (busy) { waiting = text; return; }
      busy = true;
      change(text);
    });
    let busy = false;
    const free = (now) => {
      update(now);
      busy = false;
      if (waiting === null) return;
      const text = waiting;
      waiting = null;
      if (text !== now.text) { busy = true; change(text); }
    };
    slider.addEventListener("change", done);
    number.addEventListener("change", () => {
      if (number.value !== "" && Number.isFinite(number.valueAsNumber)) change(written(number.valueAsNumber, parameter.whole));
      done();
    });
    return {row: element("div", {class: "control"}, label, slider, number), update: free};
  }
}
