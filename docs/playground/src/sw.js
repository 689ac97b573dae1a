// Keeps the page, so that it opens without a network after the first visit. The build puts the
// files, and a digest of them, into the first two lines.
const BUILD = "@BUILD@";
const FILES = ["@FILES@"];
const OURS = `archc-playground ${new URL("./", self.location).pathname} `;
const NAME = OURS + BUILD;
const PARTS = "archc-playground-parts"; // which the compiler's worker fills

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const store = await caches.open(NAME);
    const parts = await caches.open(PARTS);
    await Promise.all(FILES.map(async (file) => {
      const address = new URL(file, self.location).href;
      if (!await parts.match(address)) await store.add(address);
    }));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    const old = names.filter((one) => one.startsWith(OURS) && one !== NAME);
    await Promise.all(old.map((one) => caches.delete(one)));
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const {request} = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith((async () => {
    const known = await caches.match(request, {ignoreSearch: request.mode === "navigate"});
    return known ?? fetch(request);
  })());
});
