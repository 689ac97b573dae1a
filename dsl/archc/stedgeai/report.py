"""The text reports of ST Edge AI Core: `network_analyze_report.txt`, `network_generate_report.txt`.

Layouts were taken from real reports (`layout.KNOWN_VERSIONS`):

- a head: tool version, date, command line;
- for a target without NPU, "Exec/report summary": model, inputs and outputs, macc, memory;
- "Model name - X": a table whose columns are as wide as the dashes above and below its headings,
  ended by a line of totals, `model: macc=...` or `model/c-model: macc=A/B ...`;
- with `--st-neural-art`, "Compilation details", "Memory usage information" by pool and "Epochs
  details", in one layout up to 2.2 and another in 4.0;
- where code was compiled too, "Requested memory size by section", with exact bytes.

Widths are free, meanings are not: what does not fit is refused, and so are figures that contradict
one another.
"""

import re
from typing import NamedTuple

from archc.source import Source
from archc.stedgeai.layout import (
    KNOWN_VERSIONS,
    Epoch,
    EpochKind,
    base_name,
    number,
    strange,
)

Axes = tuple[tuple[str, int], ...]


class Pair(NamedTuple):
    """A figure of the model as it was read, and of the c-model the tool makes of it."""

    model: int | None
    c_model: int | None


class Size(NamedTuple):
    """An amount of memory."""

    bytes: int
    within: int = 0
    """How far off it may be: the tool rounds to a thousandth of a kB or MB."""


class Model(NamedTuple):
    """The model the tool was given."""

    name: str
    file: str | None
    """Its file name, without folders."""
    format: str | None
    """`keras`, `tflite` or `onnx`."""
    precision: str | None
    """As the tool calls it, such as `float`."""
    hash: str | None
    params: int | None


class Tensor(NamedTuple):
    """An input or output. With a table alone neither type nor bytes are known."""

    name: str
    dtype: str | None
    shape: tuple[int, ...]
    """The batch included."""


class Row(NamedTuple):
    """A row of the table of layers."""

    id: int
    """`m_id`: not unique, not ascending."""
    group: int
    """Rows between the same two rules make one layer of the model's file."""
    name: str
    type: str
    """ST's own operator, such as `Nonlinearity`; empty where the table does not tell."""
    original: str
    """The operator in the model's file, such as `CONV_2D`; empty for inputs and constants."""
    shapes: tuple[Axes, ...]
    """Of each output: axes by letter, `(("b", 1), ("h", 64), ("w", 64), ("c", 16))`."""
    params: int
    bytes: int
    macc: int
    inputs: tuple[str, ...]
    """Names of rows, shortened in the middle by the tool, so not always unique."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first output, the batch excluded."""
        return tuple(n for axis, n in self.shapes[0] if axis != "b") if self.shapes else ()


class Pool(NamedTuple):
    """A memory and what the NPU compiler put there."""

    name: str
    start: int
    capacity: int
    used: Size
    weights: Size
    activations: Size


class Report(NamedTuple):
    """All figures of one report."""

    version: str
    build: str
    command: str
    """`analyze` or `generate`."""
    target: str
    npu: bool
    """Whether it was compiled for the NPU, that is, `--st-neural-art` was given."""
    profile: str | None
    """The profile given with it, its file excluded; None where the default was used."""
    compiler: str | None
    """Version of the NPU compiler."""
    model: Model
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    rows: tuple[Row, ...]
    macc: Pair
    weights: Pair
    """Bytes of constants, before placement."""
    read_only: Size | None
    """Bytes of weights as placed on the device."""
    activations: Size | None
    """Bytes of activations as placed on the device, inputs and outputs included."""
    pools: tuple[Pool, ...]
    """By address; empty without the NPU."""
    epochs: tuple[Epoch, ...] | None
    """None without the NPU."""
    notes: tuple[str, ...]
    """What a reader should know before trusting a figure."""

    def count(self, *kinds: EpochKind) -> int:
        """How many epochs are of these kinds."""
        return sum(epoch.kind in kinds for epoch in self.epochs or ())


def read_report(source: Source) -> Report:
    """Read a report.

    Raises:
        Rejected: it is not a report of a layout that is known, or it contradicts itself.
    """
    return _Reader(source).report()


_RULE = re.compile(r"-{3,}( +-{3,})* *")
_HEADINGS = (
    ("m_id", "layer (original)", "oshape", "param/size", "macc", "connected to"),
    (
        *("m_id", "layer (type,original)", "oshape", "param/size", "macc", "connected to"),
        *("|", "c_size", "c_macc", "c_type"),
    ),
)
_FORMATS = {
    "h5": "keras",
    "keras": "keras",
    "tflite": "tflite",
    "onnx": "onnx",
}
_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2}
"""A pool of 458,752 B is `448.000 kB`, one of 1,048,576 B `1.000 MB`."""
_SIZE = r"([0-9.]+ (?:B|kB|MB))"
_SHARE = r"\( ?[0-9.]+ % used\)"
_POOL = re.compile(
    r"(\S+) \[(0x[0-9A-Fa-f]{1,16}) - (0x[0-9A-Fa-f]{1,16})\]: "
    rf"{_SIZE} / {_SIZE} {_SHARE} -- weights: {_SIZE} {_SHARE} activations: {_SIZE} {_SHARE}"
)
_POOL_TOTAL = re.compile(rf"Total: {_SIZE} -- weights: {_SIZE} activations: {_SIZE}")
_KINDS: dict[str, EpochKind] = {"HW": "hw", "SW": "sw", "EC": "ec", "Hybrid": "hybrid"}


class _Reader:
    """One pass over one report. Line numbers count from 1."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = source.text.split("\n")
        self.notes: list[str] = []

    # --- lines ---------------------------------------------------------------------------------

    def flat(self, line: int) -> str:
        """A line with runs of blanks made one."""
        return " ".join(self.lines[line - 1].split())

    def find(self, start: str) -> int | None:
        """The only line that starts so, blanks before it aside; None if there is none.

        Raises:
            Rejected: there are several.
        """
        found = None
        for at, text in enumerate(self.lines, 1):
            if text.lstrip().startswith(start):
                if found is not None:
                    raise strange(self.source, f"has two sections `{start}`", at)
                found = at
        return found

    def need(self, start: str, why: str) -> int:
        found = self.find(start)
        if found is None:
            raise strange(self.source, f"has no `{start}`: {why}")
        return found

    def next(self, line: int) -> int:
        """The number of the next line.

        Raises:
            Rejected: the file ends here.
        """
        if line >= len(self.lines):
            raise strange(self.source, "ends in the middle of a section")
        return line + 1

    def count(self, text: str, line: int) -> int:
        value = number(text)
        if value is None:
            raise strange(self.source, f"has `{text[:40]}` where a number is expected", line)
        return value

    def size(self, text: str, line: int) -> Size:
        figure, _, unit = text.partition(" ")
        whole, _, part = figure.partition(".")
        if unit == "B":
            return Size(self.count(figure, line))
        if not 1 <= len(part) <= 6 or len(whole) > 12 or not (whole + part).isdecimal():
            raise strange(self.source, f"has `{text[:40]}` where a size is expected", line)
        step = 10 ** len(part)
        scaled = (int(whole) * step + int(part)) * _UNITS[unit]
        return Size(round(scaled / step), -(-_UNITS[unit] // (2 * step)))

    # --- sections ------------------------------------------------------------------------------

    def report(self) -> Report:
        version, build = self.head()
        command, arguments = self.command()
        npu = re.search(r"--st-neural-art(?: ([^\s-]\S*))?", arguments)
        summary, tensors = self.summary()
        name_line = self.need("Model name - ", "the table of layers is missing")
        name = self.flat(name_line).removeprefix("Model name - ").strip()
        rows, end, c_change = self.table(name_line)
        macc, weights, activations = self.totals(end, rows, c_change)
        target = summary.get("target/series") or option(arguments, "--target")
        if not target:
            raise strange(self.source, "does not say for which target it is", 3)
        if npu:
            pools, placed = self.pools()
            epochs: tuple[Epoch, ...] | None = self.epochs()
            read_only, ram = self.sections() or placed
        else:
            pools, epochs = (), None
            read_only, ram = self.held_against(summary, macc, weights, activations)
        if version not in KNOWN_VERSIONS:
            self.notes.append(
                f"version {version} is not among those of which real reports were read "
                f"({', '.join(KNOWN_VERSIONS)}), but its layout is known"
            )
        compiler = self.find("Compiler version:")
        return Report(
            version,
            build,
            command,
            target,
            bool(npu),
            npu[1].partition("@")[0] if npu and npu[1] else None,
            self.flat(compiler).partition(": ")[2] if compiler else None,
            self.model(name, arguments, summary),
            tensors[0] or tuple(tensor(row) for row in rows if is_input(row)),
            tensors[1] or outputs(rows),
            rows,
            macc,
            weights,
            read_only,
            ram,
            pools,
            epochs,
            tuple(self.notes),
        )

    def head(self) -> tuple[str, str]:
        if not self.source.text.strip():
            raise strange(self.source, "is empty")
        found = re.fullmatch(
            r"ST Edge AI Core v([0-9]{1,4}(?:\.[0-9]{1,4}){1,3})(?:-(.{0,80}))?", self.flat(1)
        )
        if not found:
            raise strange(self.source, "is not a report of ST Edge AI Core", 1)
        return found[1], found[2] or ""

    def command(self) -> tuple[str, str]:
        line = self.need("Parameters ", "the command line is missing")
        label, colon, text = self.flat(line).partition(" : ")
        command, _, arguments = text.partition(" ")
        if label != "Parameters" or not colon or command not in ("analyze", "generate"):
            raise strange(self.source, "is not of an `analyze` or `generate`", line)
        return command, arguments

    def model(self, name: str, arguments: str, summary: dict[str, str]) -> Model:
        path = summary.get("model file") or option(arguments, "--model") or option(arguments, "-m")
        file = base_name(path) if path else None
        suffix = (file or "").rpartition(".")[2].lower()
        params = re.match(r"([0-9,]+) items", summary.get("params #", ""))
        return Model(
            name,
            file,
            summary.get("type", _FORMATS.get(suffix)),
            summary.get("model_fmt"),
            summary.get("model_hash"),
            number(params[1]) if params else None,
        )

    def summary(self) -> tuple[dict[str, str], tuple[tuple[Tensor, ...], tuple[Tensor, ...]]]:
        """The entries of the summary by name, and the inputs and outputs it lists."""
        entries: dict[str, str] = {}
        tensors: dict[str, list[Tensor]] = {"input": [], "output": []}
        line = self.find("Exec/report summary")
        if line is None:
            return entries, ((), ())
        rules = 0
        while rules < 3:
            line = self.next(line)
            text = self.flat(line)
            if set(text) == {"-"}:
                rules += 1
                continue
            name, colon, value = text.partition(" : ")
            if not colon and text.endswith(" :"):
                name, value = text[:-2], ""
            elif not colon:
                raise strange(self.source, "has a summary of another form", line)
            kind = re.fullmatch(r"(input|output) [0-9]+/[0-9]+", name)
            if kind:
                tensors[kind[1]].append(self.tensor(value, line))
            elif name in entries:
                raise strange(self.source, f"says `{name}` twice", line)
            else:
                entries[name] = value
        return entries, (tuple(tensors["input"]), tuple(tensors["output"]))

    def tensor(self, text: str, line: int) -> Tensor:
        found = re.fullmatch(r"'(.*)', ([A-Za-z0-9_]+)\(([0-9]+(?:x[0-9]+)*)\), .*", text)
        if not found:
            raise strange(self.source, "has an input or output of another form", line)
        return Tensor(
            found[1], found[2], tuple(self.count(part, line) for part in found[3].split("x"))
        )

    # --- the table -----------------------------------------------------------------------------

    def table(self, line: int) -> tuple[tuple[Row, ...], int, tuple[int, int]]:
        """The rows after "Model name", the line of totals, and what the c-model adds in bytes and
        in macc."""
        line = self.next(line)
        spans = [match.span() for match in re.finditer("-+", self.lines[line - 1])]
        if not _RULE.fullmatch(self.lines[line - 1]) or len(spans) < 2:
            raise strange(self.source, "has no table of layers", line)
        line = self.next(line)
        headings = self.cells(line, spans)
        if headings not in _HEADINGS:
            raise strange(self.source, "has a table of layers with other columns", line)
        rows: list[Row] = []
        change = [0, 0]
        group = 0
        ended = False
        while True:
            line = self.next(line)
            text = self.lines[line - 1]
            if text.startswith("model") and ended:
                return tuple(rows), line, (change[0], change[1])
            ended = _RULE.fullmatch(text) is not None
            if ended:
                group += 1
                continue
            cells = self.cells(line, spans)
            if len(cells) > 6:
                change[0] += self.change(cells[7], line)
                change[1] += self.change(cells[8], line)
            if cells[1]:
                rows.append(self.row(cells, group, rows, line))
            elif not rows or not cells[5] or any((cells[0], *cells[2:5])):
                raise strange(self.source, "has a row of another form", line)
            else:
                rows[-1] = rows[-1]._replace(inputs=(*rows[-1].inputs, cells[5]))

    def cells(self, line: int, spans: list[tuple[int, int]]) -> tuple[str, ...]:
        text = self.lines[line - 1]
        edges = [0, *(edge for span in spans for edge in span), len(text)]
        gaps = (text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        if any(gap.strip() for gap in gaps):
            raise strange(self.source, "has a row that does not keep to its columns", line)
        return tuple(text[start:end].strip() for start, end in spans)

    def row(self, cells: tuple[str, ...], group: int, rows: list[Row], line: int) -> Row:
        name, open_bracket, kinds = cells[1].partition(" (")
        params, slash, size = cells[3].partition("/")
        if (
            not open_bracket
            or not kinds.endswith(")")
            or bool(slash) != bool(cells[3])
            or not (cells[0] or (rows and rows[-1].group == group))
        ):
            raise strange(self.source, "has a row of another form", line)
        kind, comma, original = kinds[:-1].rpartition(",")
        return Row(
            self.count(cells[0], line) if cells[0] else rows[-1].id,
            group,
            name,
            kind.strip() if comma else "",
            original.strip(),
            self.shapes(cells[2], line),
            self.count(params, line) if params else 0,
            self.count(size, line) if slash else 0,
            self.count(cells[4], line) if cells[4] else 0,
            (cells[5],) if cells[5] else (),
        )

    def shapes(self, text: str, line: int) -> tuple[Axes, ...]:
        shapes = []
        if not (text.startswith("[") and text.endswith("]")):
            raise strange(self.source, "has a shape of another form", line)
        for part in text[1:-1].split("]["):
            axes = []
            for axis in part.split(",") if part else ():
                letter, colon, extent = axis.partition(":")
                if not colon or not letter.isalpha():
                    raise strange(self.source, "has a shape of another form", line)
                axes.append((letter, self.count(extent, line)))
            shapes.append(tuple(axes))
        return tuple(shapes)

    def change(self, text: str, line: int) -> int:
        """What a cell such as `-3,456(-100.0%)` adds."""
        if not text:
            return 0
        found = re.fullmatch(r"([+-])([0-9,]{1,30})\([+-][0-9.]{1,20}%\)", text)
        if not found:
            raise strange(self.source, "has a change of another form", line)
        value = self.count(found[2], line)
        return -value if found[1] == "-" else value

    def totals(
        self, line: int, rows: tuple[Row, ...], c_change: tuple[int, int]
    ) -> tuple[Pair, Pair, Pair]:
        """macc, weights and activations of the line of totals, held against the table's sums."""
        kind, colon, text = self.flat(line).partition(": ")
        if not colon or kind not in ("model", "model/c-model"):
            raise strange(self.source, "has totals of another form", line)
        found: dict[str, Pair] = {}
        for word in text.split():
            name, equals, value = word.partition("=")
            if not equals:
                self.change(name, line)
                continue
            parts = [self.total(part, line) for part in value.split("/")]
            if len(parts) != (2 if kind == "model/c-model" else 1):
                raise strange(self.source, "has totals of another form", line)
            found[name] = Pair(parts[0], parts[1] if len(parts) > 1 else None)
        if set(found) != {"macc", "weights", "activations", "io"}:
            raise strange(self.source, "has totals of another form", line)
        c_bytes, c_macc = c_change
        for name, sums in (
            ("macc", Pair(sum(row.macc for row in rows), c_macc)),
            ("weights", Pair(sum(row.bytes for row in rows), c_bytes)),
        ):
            self.hold(name, "model", sums.model, found[name].model)
            if found[name].c_model is not None and sums.model is not None:
                self.hold(name, "c-model", sums.model + (sums.c_model or 0), found[name].c_model)
        return found["macc"], found["weights"], found["activations"]

    def total(self, text: str, line: int) -> int | None:
        return None if text == "--" else self.count(text, line)

    def hold(self, name: str, whose: str, rows: int | None, said: int | None) -> None:
        """Note where the rows of the table do not add up to its total: that is the tool's own."""
        if said is not None and rows != said:
            self.notes.append(f"the rows have {name} {rows:,}, the total of the {whose} {said:,}")

    # --- memory --------------------------------------------------------------------------------

    def held_against(
        self, summary: dict[str, str], macc: Pair, weights: Pair, activations: Pair
    ) -> tuple[Size, Size]:
        """Weights and activations of the c-model, which summary and totals must agree on."""
        if not summary:
            raise strange(self.source, "has neither a summary nor the NPU compiler's sections")
        placed = []
        for name, said in (
            ("macc", macc),
            ("weights (ro)", weights),
            ("activations (rw)", activations),
        ):
            text = summary.get(name, "").split(" ", 1)[0]
            value = number(text)
            if value is None:
                raise strange(self.source, f"has no `{name}` in its summary")
            expected = said.model if said.c_model is None else said.c_model
            if expected is not None and value != expected:
                raise strange(
                    self.source, f"contradicts itself: {name} is {text} only in its summary"
                )
            placed.append(Size(value))
        return placed[1], placed[2]

    def pools(self) -> tuple[tuple[Pool, ...], tuple[Size, Size]]:
        """The pools, and the bytes of weights and activations in all of them."""
        line = self.next(self.need("Memory usage information", "the NPU part is missing"))
        if set(self.flat(line)) != {"-"}:
            raise strange(self.source, "has memory pools of another form", line)
        pools: list[Pool] = []
        while True:
            line = self.next(line)
            text = self.flat(line)
            if text == "---":
                break
            found = _POOL.fullmatch(text)
            if not found:
                raise strange(self.source, "has a memory pool of another form", line)
            start, end = int(found[2], 16), int(found[3], 16)
            used, _, weights, activations = (self.size(found[i], line) for i in range(4, 8))
            pools.append(Pool(found[1], start, end - start, used, weights, activations))
        line = self.next(line)
        total = _POOL_TOTAL.fullmatch(self.flat(line))
        if not total:
            raise strange(self.source, "has memory pools of another form", line)
        sums = (self.size(total[2], line), self.size(total[3], line))
        for name, said, sizes in (
            ("weights", sums[0], [pool.weights for pool in pools]),
            ("activations", sums[1], [pool.activations for pool in pools]),
        ):
            slack = said.within + sum(size.within for size in sizes) + len(sizes)
            if abs(said.bytes - sum(size.bytes for size in sizes)) > slack:
                raise strange(
                    self.source, f"contradicts itself: {name} of the pools and their total", line
                )
        return tuple(pools), sums

    def sections(self) -> tuple[Size, Size] | None:
        """Exact bytes of weights and activations, where code was compiled too."""
        line = self.find("Requested memory size by section")
        if line is None:
            return None
        found: dict[str, list[int]] = {}
        while "TOTAL" not in found:
            line = self.next(line)
            words = self.flat(line).rsplit(" ", 4)
            if len(words) == 5 and all(number(word) is not None for word in words[1:]):
                found[words[0]] = [self.count(word, line) for word in words[1:]]
        parts = [found.get(name) for name in ("RT total**", "weights", "activations", "io")]
        columns = [sum(column) for column in zip(*(part or [] for part in parts), strict=False)]
        if columns != found["TOTAL"]:
            raise strange(self.source, "contradicts itself: sections and their total", line)
        return Size(sum(found["weights"])), Size(sum(found["activations"]))

    # --- epochs --------------------------------------------------------------------------------

    def epochs(self) -> tuple[Epoch, ...]:
        line = self.next(self.need("Epochs details", "the NPU part is missing"))
        first = self.next(line)
        old = re.fullmatch(
            r"Total number of epochs: ([0-9,]+) of which ([0-9,]+) implemented in software",
            self.flat(first),
        )
        if old:
            said = [self.count(old[1], first), self.count(old[2], first)]
            epochs = self.epoch_lines(first)
            counted = [len(epochs), sum(epoch.kind == "sw" for epoch in epochs)]
        else:
            said = self.epoch_totals(first)
            epochs = self.epoch_table(first + 3)
            counted = [
                len(epochs),
                sum(epoch.kind == "sw" for epoch in epochs),
                sum(epoch.kind == "hybrid" for epoch in epochs),
                sum(epoch.kind in ("hw", "ec") for epoch in epochs),
            ]
        if said != counted:
            raise strange(self.source, "contradicts itself: epochs and their number", first)
        return epochs

    def epoch_lines(self, line: int) -> tuple[Epoch, ...]:
        """2.1 and 2.2: `epoch 56     -SW-   (      Softmax       )`."""
        for expected in ("---", "epoch ID HW/SW/EC Operation (SW only)"):
            line = self.next(line)
            if self.flat(line) != expected:
                raise strange(self.source, "has epochs of another form", line)
        epochs: list[Epoch] = []
        while True:
            line = self.next(line)
            text = self.flat(line)
            if text and set(text) == {"="}:
                return tuple(epochs)
            found = re.fullmatch(r"epoch ([0-9]+) (-?)(HW|SW|EC)\2(?: \((.*)\))?", text)
            if not found:
                raise strange(self.source, "has an epoch of another form", line)
            epochs.append(
                Epoch(self.count(found[1], line), _KINDS[found[3]], (found[4] or "").strip())
            )

    def epoch_totals(self, line: int) -> list[int]:
        """4.0: how many there are, in software, hybrid and in hardware."""
        counts = []
        for at, pattern in enumerate(
            (
                r"Total number of epochs ([0-9,]+)",
                r">> pure software \(SW\) epochs ([0-9,]+)",
                r">> hybrid epochs \(using both software and hardware\) ([0-9,]+)",
                r">> pure hardware \(HW or EC\) epochs ([0-9,]+)(?: \(.*\))?",
            ),
            line,
        ):
            found = re.fullmatch(pattern, self.flat(at)) if at <= len(self.lines) else None
            if not found:
                raise strange(self.source, "has epochs of another form", min(at, len(self.lines)))
            counts.append(self.count(found[1], at))
        return counts

    def epoch_table(self, line: int) -> tuple[Epoch, ...]:
        """4.0: `| epoch_11 |   SW   |    Softmax     |`."""
        epochs: list[Epoch] = []
        while True:
            line = self.next(line)
            text = self.flat(line)
            if text and set(text) == {"="}:
                return tuple(epochs)
            if text == "---" or (text and set(text) <= {"+", "-"}):
                continue
            cells = [cell.strip() for cell in text.split("|")]
            if cells == ["", "epoch ID", "Type", "Details", ""]:
                continue
            if (
                len(cells) != 5
                or cells[0]
                or cells[4]
                or not cells[1].startswith("epoch_")
                or cells[2] not in _KINDS
            ):
                raise strange(self.source, "has an epoch of another form", line)
            epochs.append(
                Epoch(self.count(cells[1].removeprefix("epoch_"), line), _KINDS[cells[2]], cells[3])
            )


# --- parts -------------------------------------------------------------------------------------


def option(arguments: str, name: str) -> str | None:
    """The value of an option on a command line that is not quoted: up to the next option."""
    found = re.search(rf"(?:^| ){name} (.+?)(?= --?[A-Za-z]|$)", arguments)
    return found[1] if found else None


def is_input(row: Row) -> bool:
    """Whether a row is an input of the network, not an operator nor a constant."""
    return row.original in ("", "InputLayer") and not row.inputs and not row.params


def tensor(row: Row) -> Tensor:
    return Tensor(row.name, None, tuple(extent for _, extent in row.shapes[0]))


def outputs(rows: tuple[Row, ...]) -> tuple[Tensor, ...]:
    """The rows with an operator that no other row reads.

    The tool shortens long names, so an output that shares its short name with a value that is
    read is missed.
    """
    read = {name for row in rows for name in row.inputs}
    return tuple(tensor(row) for row in rows if row.original and row.name not in read)
