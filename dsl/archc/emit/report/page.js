"use strict";
for (const table of document.querySelectorAll("table.layers")) {
  const body = table.tBodies[0];
  const order = [...body.rows];
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      const was = cell.getAttribute("aria-sort");
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      const number = cell.classList.contains("number");
      const first = number ? "descending" : "ascending";
      const second = number ? "ascending" : "descending";
      const now = was === null ? first : was === first ? second : null;
      if (now === null) { body.append(...order); return; }
      cell.setAttribute("aria-sort", now);
      const sign = now === "ascending" ? 1 : -1;
      const value = (row) => {
        const shown = row.cells[column];
        return number ? Number(shown.dataset.value ?? -1) : shown.textContent;
      };
      body.append(...[...order].sort((a, b) => {
        const x = value(a), y = value(b);
        return sign * (number ? x - y : x < y ? -1 : x > y ? 1 : 0);
      }));
    });
  });
}
for (const tools of document.querySelectorAll(".tools")) {
  const svg = tools.nextElementSibling.querySelector("svg");
  const whole = Number(svg.getAttribute("width"));
  let scale = 1;
  const show = () => { svg.style.width = `${whole * scale}px`; };
  const fit = (least) => {
    scale = Math.min(1, Math.max(tools.nextElementSibling.clientWidth / whole, least));
    show();
  };
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const by = event.target.dataset?.zoom;
    if (by === undefined) return;
    if (by === "0") { fit(0); return; }
    scale = Math.min(Math.max(scale * (by === "1" ? 1.25 : 0.8), 0.1), 8);
    show();
  });
  fit(0.6); // on a telephone what is beyond the edge is scrolled to: smaller letters are not read
}
document.documentElement.dataset.height = document.documentElement.scrollHeight;
