// Starts workers, from files beside the page or from the page itself.
const inline = document.getElementById("part-worker") !== null;
const addresses = inline ? {} : JSON.parse(document.getElementById("parts").textContent);
export const ALONE = inline;

function bytes(name) {
  const text = atob(document.getElementById(`part-${name}`).textContent);
  const found = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) found[at] = text.charCodeAt(at);
  return found;
}

async function inflated(data) {
  return new Response(new Response(data).body.pipeThrough(new DecompressionStream("gzip"))).text();
}

/** A worker that loads the compiler: the one that `start.js` began with, or a new one. */
export async function launch() {
  const first = globalThis.launched;
  delete globalThis.launched;
  return first ?? start();
}

/** A new worker that loads the compiler. */
export async function start() {
  const names = ["wasm", "stdlib", "archc"];
  if (!inline) {
    const at = (name) => new URL(addresses[name], document.baseURI).href;
    const worker = new Worker(at("worker"), {type: "module"});
    worker.postMessage({parts: Object.fromEntries(names.map((name) => [name, at(name)]))});
    return worker;
  }
  // Not a `blob:`: Chromium refuses modules from those of a page without a server.
  const script = encodeURIComponent(await inflated(bytes("worker")));
  const worker = new Worker(`data:text/javascript;charset=utf-8,${script}`, {type: "module"});
  const parts = Object.fromEntries(names.map((name) => [name, bytes(name)]));
  worker.postMessage({parts}, Object.values(parts).map((one) => one.buffer));
  return worker;
}
