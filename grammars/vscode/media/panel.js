// The page in the panel: puts pictures in place, and says what somebody clicks on.
"use strict";

(() => {
  const api = acquireVsCodeApi();
  const by = (id) => document.getElementById(id);
  const notice = by("notice");
  const network = by("network");
  const figures = by("figures");
  const room = document.querySelector("main");
  const state = { scale: 0, ...api.getState() };
  const ROOM = 40; // pixels by which a width has to change before pictures are drawn anew
  const PLACE = /^(.+):(\d+)$/;
  const own = new CSSStyleSheet();
  own.replaceSync(
    ".page{fill:transparent!important}svg{display:block;background:none!important}" +
      "[role=link]{cursor:pointer}[role=link]:focus{outline:none}" +
      "[role=link]:hover>rect,[role=link]:focus-visible>rect,.here>rect{" +
      "stroke:var(--vscode-focusBorder,#1f6feb);stroke-width:2.5}",
  );
  let layers = {};
  let width = 0;

  /** Say what is wanted, and keep it for the next session. */
  function choose(type) {
    width = Math.floor(room.clientWidth / ROOM) * ROOM;
    const { arch, detail, color } = state;
    api.setState(state);
    api.postMessage({ type, arch, detail, color, width });
  }

  // --- pictures ------------------------------------------------------------------------------

  /** An SVG in a root of its own: its style is taken out, as the policy of the page wants it. */
  function placed(markup, parent) {
    const sheets = [];
    const bare = markup.replace(/<style>([^<]*)<\/style>/g, (_, text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      sheets.push(sheet);
      return "";
    });
    const parsed = new DOMParser().parseFromString(bare, "image/svg+xml");
    const picture = document.importNode(parsed.documentElement, true);
    if (picture.localName !== "svg") {
      return; // not well-formed: a bug in archc
    }
    picture.querySelectorAll("script, style, foreignObject").forEach((one) => one.remove());
    picture.setAttribute("role", "group"); // it holds links
    const holder = document.createElement("div");
    holder.className = "picture";
    const root = holder.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [...sheets, own];
    root.append(picture);
    linked(picture);
    parent.append(holder);
    scaled(picture);
  }

  /** Where a box or a bar stands in the texts: by its first layer, else by what its title says. */
  function place(title) {
    const lines = title.split("\n");
    const name = lines[0].split(", ")[0];
    for (const one of [name, ...shorter(name)]) {
      if (Object.hasOwn(layers, one)) {
        return layers[one];
      }
    }
    const found = PLACE.exec(lines[lines.length - 1]);
    return found && lines.length > 1 ? [found[1], Number(found[2])] : undefined;
  }

  /** A name without what stands in parentheses behind it: `conv (border)`. */
  function* shorter(name) {
    while (/ \([^()]*\)$/.test(name)) {
      name = name.replace(/ \([^()]*\)$/, "");
      yield name;
    }
  }

  function linked(picture) {
    for (const title of picture.querySelectorAll("g > title")) {
      const group = title.parentElement;
      const at = place(title.textContent);
      if (at && !group.querySelector(".tick")) {
        group.dataset.place = at.join(":");
        group.setAttribute("role", "link");
        group.setAttribute("tabindex", "0");
        group.setAttribute("aria-label", title.textContent);
        const reveal = () => api.postMessage({ type: "reveal", file: at[0], line: at[1] });
        group.addEventListener("click", reveal);
        group.addEventListener("keydown", (event) => event.key === "Enter" && reveal());
      }
    }
  }

  /** Every element below the roots of pictures that a selector finds. */
  function all(selector) {
    const roots = [...document.querySelectorAll(".picture")].map((one) => one.shadowRoot);
    return roots.flatMap((root) => [...root.querySelectorAll(selector)]);
  }

  function scaled(picture) {
    const natural = Number(picture.getAttribute("width"));
    picture.style.height = "auto";
    picture.style.width = state.scale ? `${natural * state.scale}px` : "";
    picture.style.maxWidth = state.scale ? "none" : "100%";
  }

  function scale(by) {
    state.scale = by ? Math.min(Math.max((state.scale || 1) * by, 0.2), 5) : 0;
    api.setState(state);
    all("svg").forEach(scaled);
  }

  // --- what is told -----------------------------------------------------------------------------

  function show(message) {
    state.uri = message.uri;
    api.setState(state);
    if (message.problem) {
      notice.textContent = message.problem;
      return; // what was there stays
    }
    const { summary, drawing, memory } = message;
    layers = message.layers;
    notice.textContent = summary.missing
      ? `Nothing to show yet: ${summary.missing}.`
      : summary.stale
        ? "The text has errors. This is the last version that compiled."
        : "";
    document.body.classList.toggle("stale", summary.stale);
    networks(summary);
    tell(summary);
    replaced(by("drawing"), "Drawing", drawing, drawing.svg ? [drawing] : []);
    replaced(by("memory"), "Memory over time", memory, memory.pictures ?? []);
  }

  function replaced(section, title, pane, pictures) {
    const top = [scrollX, scrollY];
    section.replaceChildren(element("h2", title));
    if (pane.missing && pane.network) {
      section.append(element("p", `Not shown: ${pane.missing}.`));
    }
    for (const one of pictures) {
      if (one.title) {
        section.append(element("h3", one.title));
      }
      placed(one.svg, section);
      if (one.description) {
        section.append(element("p", one.description));
      }
    }
    section.hidden = !pane.network;
    scrollTo(...top);
  }

  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  function networks(summary) {
    const choice = network.querySelector("select");
    choice.replaceChildren(...summary.networks.map((name) => element("option", name)));
    choice.value = summary.network ?? "";
    network.hidden = summary.networks.length < 2;
  }

  function tell(summary) {
    by("name").textContent = summary.network ?? "";
    const rows = [];
    if (summary.totals) {
      const { totals, deployed } = summary;
      const count = (value) => (value === null ? "not known" : value.toLocaleString("en"));
      rows.push(["parameters", count(totals.params)], ["MACs", count(totals.macs)]);
      rows.push(["weights", `${count(deployed.weight_bytes)} bytes`]);
      rows.push(["peak of activations (estimate)", `${count(deployed.peak_activation_bytes)} bytes`]);
      rows.push(["target", summary.verdict ?? "none"]);
    }
    figures.replaceChildren(
      ...rows.map(([name, value]) => {
        const row = document.createElement("div");
        row.append(element("dt", name), element("dd", value));
        return row;
      }),
    );
  }

  /** Mark what the line of the cursor makes. */
  function cursor({ file, line }) {
    const here = `${file}:${line}`;
    all("[data-place]").forEach((one) => one.classList.toggle("here", one.dataset.place === here));
  }

  window.addEventListener("message", ({ data }) => {
    if (data?.type === "show") {
      show(data);
    } else if (data?.type === "cursor") {
      cursor(data);
    }
  });

  // --- what somebody does -------------------------------------------------------------------------

  for (const id of ["detail", "color"]) {
    by(id).value = state[id] ?? by(id).value;
    by(id).addEventListener("change", (event) => {
      state[id] = event.target.value;
      choose("choose");
    });
  }
  network.addEventListener("change", (event) => {
    state.arch = event.target.value;
    choose("choose");
  });
  by("smaller").addEventListener("click", () => scale(1 / 1.25));
  by("larger").addEventListener("click", () => scale(1.25));
  by("fit").addEventListener("click", () => scale(0));
  let resized;
  window.addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => {
      if (Math.abs(room.clientWidth - width) >= ROOM) {
        choose("choose");
      }
    }, 200);
  });
  choose("ready");
})();
