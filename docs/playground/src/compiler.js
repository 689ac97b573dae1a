// The compiler as functions that promise an answer. It can be stopped: its worker is ended and
// another one started.
import {launch} from "./launch.js";

export class Stopped extends Error {}

export class Compiler {
  #worker = null;
  #waiting = new Map();
  #count = 0;
  #life = 0;

  /** `told` hears of "loading", "ready", "kept" (in the browser's store), "failed" with a reason. */
  constructor(told) {
    this.told = told;
    this.start();
  }

  start() {
    const life = ++this.#life;
    this.ready = new Promise((done) => { this.isReady = done; });
    this.told("loading");
    this.#worker = launch().then((worker) => {
      worker.onmessage = ({data}) => { if (life === this.#life) this.#answer(data); };
      worker.onerror = (event) => {
        if (life === this.#life) this.told("failed", event.message || "its worker did not start");
      };
      return worker;
    });
    this.#worker.catch((error) => this.told("failed", String(error)));
  }

  #answer(data) {
    if (data.ready) { this.isReady(); this.told("ready"); return; }
    if (data.kept) { this.told("kept"); return; }
    if (data.failed) { this.told("failed", data.failed); return; }
    const waiting = this.#waiting.get(data.id);
    if (waiting === undefined) return;
    this.#waiting.delete(data.id);
    if (data.error !== undefined) waiting.fail(new Error(data.error));
    else waiting.done(typeof data.answer === "string" ? JSON.parse(data.answer) : data.answer);
  }

  /** What a function of `page.py` says. */
  async ask(method, ...values) {
    const life = this.#life;
    const worker = await this.#worker;
    if (life !== this.#life) throw new Stopped();
    return new Promise((done, fail) => {
      const id = ++this.#count;
      this.#waiting.set(id, {done, fail});
      worker.postMessage({id, method, values});
    });
  }

  /** End what it is doing; nobody who waits gets an answer. */
  stop() {
    this.#worker.then((worker) => worker.terminate());
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.start();
    for (const one of waiting) one.fail(new Stopped());
  }
}
