// The compiler's worker: it asks for its parts at once, and meanwhile loads what runs them.
let give;
const parts = new Promise((done) => { give = done; });

/** A part of the compiler as a stream: a gzip file at an address, or its bytes. */
async function unpacked(part) {
  const response = typeof part === "string" ? await fetched(part) : new Response(part);
  return response.body.pipeThrough(new DecompressionStream("gzip"));
}

const copies = []; // of what was fetched, with addresses

/** A file whose name says what it holds: from the host, or where there is one the service worker. */
async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  copies.push([address, response.clone()]);
  return response;
}

/** Keep what was fetched in this browser's store, for `sw.js`. */
async function keep() {
  const store = await caches.open("archc-playground-parts");
  const file = (one) => new URL(one).pathname.replace(/-[0-9a-f]+\.bin$/, "");
  const stored = await store.keys();
  for (const [address, copy] of copies) {
    for (const {url} of stored) {
      if (file(url) === file(address) && url !== address) await store.delete(url);
    }
    if (!stored.some(({url}) => url === address)) await store.put(address, copy);
  }
}

async function start() {
  const python = import("./python.js");
  const {wasm, stdlib, archc} = await parts;
  const binary = {headers: {"Content-Type": "application/wasm"}};
  const whole = async (part) => new Response(await unpacked(part)).arrayBuffer();
  const compiled = unpacked(wasm).then((stream) => WebAssembly.compileStreaming(new Response(stream, binary)));
  const files = [compiled, whole(stdlib), whole(archc)];
  for (const one of files) one.catch(() => {}); // it is waited for, later
  return (await python).load(...files);
}

const ready = start(); // a function that asks the compiler
ready.then(async () => {
  postMessage({ready: true});
  await keep().catch(() => {}); // no store, or a full one, only means that it is fetched again
  postMessage({kept: true});
}, (error) => postMessage({failed: String(error)}));

self.onmessage = async ({data}) => {
  if (data.parts) { give(data.parts); return; }
  const {id, method, values} = data;
  try {
    const answer = await ready;
    postMessage({id, answer: answer(method, values)});
  } catch (error) {
    postMessage({id, error: String(error.message ?? error)});
  }
};
