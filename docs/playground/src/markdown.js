// The little of Markdown that the compiler's answers are written in, as elements. Nothing is ever
// taken for markup.

/** A new element with attributes and children; texts stay texts. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null && child !== ""));
  return made;
}

/** The parts of a line: texts, code, what is stressed. */
export function line(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((part) => {
    if (/^`[^`]+`$/.test(part)) return element("code", {}, part.slice(1, -1));
    if (/^\*\*[^*]+\*\*$/.test(part)) return element("strong", {}, part.slice(2, -2));
    return part;
  });
}

/** A text in Markdown as a fragment. */
export function markdown(text) {
  const found = document.createDocumentFragment();
  const parts = text.split(/^```[\w-]*\n([\s\S]*?)\n?```$/m);
  parts.forEach((part, number) => {
    if (number % 2) { found.append(element("pre", {}, part)); return; }
    for (const paragraph of part.split(/\n{2,}/).map((one) => one.trim()).filter(Boolean)) {
      const lines = paragraph.split("\n");
      if (lines.every((one) => /^[-*] /.test(one))) {
        found.append(element("ul", {}, ...lines.map((one) => element("li", {}, ...line(one.slice(2))))));
      } else {
        const parts = lines.flatMap((one, at) => at ? [element("br"), ...line(one)] : line(one));
        found.append(element("p", {}, ...parts));
      }
    }
  });
  return found;
}
