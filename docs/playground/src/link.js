// A link that holds a spec: `#spec=NAME` for a shipped one, `#name=NAME&text=DATA` for any text,
// deflated and in base64url. What is in an address may be anything: it is bounded and only ever
// becomes text.

const MOST_TEXT = 1 << 20; // what the compiler takes for one file
const MOST_DATA = 1 << 21;
const MOST_NAME = 64;

async function through(bytes, stream) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    const {done, value} = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MOST_TEXT) { await reader.cancel(); throw new RangeError("too large"); }
    chunks.push(value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The fragment of a text, or null where it is too large for one. */
export async function fragment(name, text, shipped) {
  if (shipped[name] === text) return `#spec=${encodeURIComponent(name)}`;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > MOST_TEXT) return null;
  const data = base64(await through(bytes, new CompressionStream("deflate-raw")));
  return `#name=${encodeURIComponent(name)}&text=${data}`;
}

/** A link to a shipped spec that is not there. */
export class NoSpec extends Error {}

/** What a fragment holds: `{name, text}`; null of an empty one. `#spec=dscnn` does as `#spec=dscnn.arch`.
 *
 * Throws where it cannot be read. */
export async function held(hash, shipped) {
  if (hash.length <= 1) return null;
  if (hash.length > MOST_DATA) throw new RangeError("too large");
  const fields = new URLSearchParams(hash.slice(1));
  const spec = fields.get("spec");
  if (spec !== null) {
    const named = [spec, `${spec}.arch`].find((one) => Object.hasOwn(shipped, one));
    if (named === undefined) throw new NoSpec(spec.slice(0, MOST_NAME));
    return {name: named, text: shipped[named]};
  }
  const data = fields.get("text");
  if (data === null || !/^[\w-]*$/.test(data)) throw new TypeError("no text");
  const packed = Uint8Array.from(
    atob(data.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const bytes = await through(packed, new DecompressionStream("deflate-raw"));
  const name = fields.get("name") ?? "";
  const known = Object.hasOwn(shipped, name) || (name.length <= MOST_NAME && /^\w[\w-]*\.arch$/.test(name));
  return {name: known ? name : "untitled.arch", text: new TextDecoder("utf-8", {fatal: true}).decode(bytes)};
}
