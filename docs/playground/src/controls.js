// Parameters as sliders and choosers. What they change is the text, which stays the one truth.
import {isolateHistory} from "@codemirror/commands";
import {offset} from "./editor.js";
import {element} from "./markdown.js";

const STOPS = 200; // of a slider without a step

/** What a slider's places mean: `at(place)` and `place(value)`, of `count` places. */
function scale({low, high, step, whole}) {
  if (step !== null && (high - low) / step <= 2000) {
    const count = Math.round((high - low) / step);
    return {count, at: (place) => low + place * step, place: (value) => Math.round((value - low) / step)};
  }
  // A wide range by ratios, so that small values can be reached too.
  const wide = low > 0 && high / low >= 50;
  const at = (place) => {
    const value = wide ? low * (high / low) ** (place / STOPS) : low + (high - low) * place / STOPS;
    if (place <= 0) return low;
    if (place >= STOPS) return high;
    if (step !== null) return Math.min(low + Math.round((value - low) / step) * step, high);
    const digits = Math.max(1 - Math.floor(Math.log10((high - low) / 20)), 0);
    return Number(wide ? value.toPrecision(3) : value.toFixed(digits));
  };
  const place = (value) => Math.round(
    STOPS * (wide ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));
  return {count: STOPS, at, place, whole};
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
