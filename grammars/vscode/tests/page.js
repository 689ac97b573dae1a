// Prints the page of the panel, as VS Code would be given it: for tests in a browser.
"use strict";

const { Panel, Uri, fresh } = require("./stub");

(async () => {
  const world = await fresh({ trusted: false }).activate();
  const panel = new Panel();
  await world.serializer.deserializeWebviewPanel(panel, { uri: Uri.file("/a.arch").toString() });
  process.stdout.write(panel.webview.html);
  world.context.subscriptions.forEach((one) => one.dispose?.());
})();
