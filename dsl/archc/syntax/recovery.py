"""Reading on behind syntax errors, so that a run shows all of them.

At an error the parser goes back to where it was before what was said to be wrong, and reads on
with tokens in its place: those of the fix, where there is one that is certain, else those of the
cheapest repair (`repair`), else without all up to the next statement, member or declaration. What
is not certain is marked for `build`, which leaves holes there.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from archc.diagnostics.codes import SYNTAX
from archc.diagnostics.model import Diagnostic, Edit, Label, make
from archc.limits import Limits
from archc.source import Source, Span
from archc.syntax.grouping import Draft, Fault, grouped
from archc.syntax.lalr import END, JUNK, Driver, Made, Stack, Token, Tree
from archc.syntax.place import CLOSES, FURTHEST, Opens, Place, Slip, indent, suspects
from archc.syntax.repair import ANCHORS, SCALE, Late, Repair, Search, late, made, reach, relexed
from archc.syntax.resync import Resync
from archc.syntax.slips import explain

SUSPECTS = 4
"""Brackets left open by the layout that are tried."""


class Recovered(NamedTuple):
    """A tree of a text with syntax errors.

    ``guessed`` is that of `build.Builder`, ``doubtful`` and ``unsure`` are those of
    `parse.Parsed`.
    """

    tree: Tree
    tokens: list[Token]
    faults: list[Diagnostic]
    drafts: dict[int, Draft]
    guessed: list[int]
    doubtful: frozenset[str]
    unsure: tuple[tuple[int, int], ...]
    whole: bool


def recover(
    driver: Driver, source: Source, tokens: list[Token], start: str, limits: Limits
) -> Recovered:
    """The tree of a text with errors, and what they are."""
    return Recovery(driver, source, tokens, start, limits).run()


def first_fault(
    driver: Driver, source: Source, tokens: list[Token], start: str, limits: Limits
) -> Diagnostic:
    """What is wrong with a text that is not in the language, where it first is."""
    recovery = Recovery(driver, source, tokens, start, limits)
    at = recovery.read()
    assert at is not None
    place = recovery.place(at)
    slip = explain(place)[1]
    return recovery.diagnostic(place, slip, bool(slip.edits))


class Recovery:
    """One text that is being read."""

    def __init__(
        self, driver: Driver, source: Source, tokens: list[Token], start: str, limits: Limits
    ) -> None:
        self.driver = driver
        self.source = source
        self.tokens = tokens
        self.brackets = Counter(token.text for token in tokens)
        self.start = start
        self.most = limits.errors
        self.stacks: list[Stack] = [driver.begin(start)]
        self.opens: list[Opens | None] = [None]
        """The stack and the open brackets before each token that was read."""
        self.floor = 0
        """What stands before this token is not changed again."""
        self.edits: list[tuple[int, int, str]] = []
        """Fixes that were made."""
        self.faults: list[Fault] = []
        self.doubtful: set[str] = set()
        self.whole = True
        self.braces: list[int] = []
        """Where braces were put in or left out."""

    def run(self) -> Recovered:
        while (at := self.read()) is not None:
            self.fault(at)
        guessed = []
        for index, token in enumerate(self.tokens):
            if isinstance(token, Late):
                guessed += [2 * index - 1] * token.joined + [2 * index]
            elif type(token) is Made:
                guessed.append(2 * index + 1)
        tree = self.driver.parse(self.tokens, self.start)
        faults, drafts = grouped(self.source, tree, self.tokens, self.faults)
        if len(faults) < self.most <= len(self.faults):
            more = f"reading stopped after the {self.most:,}th error, the limit `errors`"
            faults[-1] = faults[-1]._replace(notes=(*faults[-1].notes, more))
        return Recovered(
            tree,
            self.tokens,
            faults,
            drafts,
            guessed,
            frozenset(self.doubtful),
            self.unsure(tree),
            self.whole,
        )

    def unsure(self, tree: Tree) -> tuple[tuple[int, int], ...]:
        """The declarations around braces that were put in or left out, or next to them."""
        parts = [part for part in tree.children if isinstance(part, Tree)]
        found: set[tuple[int, int]] = set()
        for at in self.braces:
            number = bisect_right([part.start for part in parts], at)
            within = number > 0 and parts[number - 1].end > at
            near = parts[max(number - 1, 0) : number + (not within)]
            found |= {(part.start, part.end) for part in near}
        return tuple(sorted(found))

    def read(self) -> int | None:
        """Read on; the token that cannot stand where it does, None at the end."""
        while True:
            at = len(self.stacks) - 1
            token = self.tokens[at]
            stack = self.driver.step(self.stacks[at], token.kind)
            if stack is None:
                return at
            if token.kind == END:
                return None
            opens = self.opens[at]
            if token.text in CLOSES:
                opens = (token, opens)
            elif opens is not None and token.text in CLOSES.values():
                opens = opens[1]
            self.stacks.append(stack)
            self.opens.append(opens)

    # --- one error --------------------------------------------------------------------------

    def fault(self, at: int) -> None:
        """Report an error, and go on."""
        place = self.place(at)
        name, slip = explain(place)
        repair = self.fix(place, slip) if slip.edits else None
        certain = repair is not None
        if repair is None:
            repair = self.skipped(place, slip) or self.inserted(slip)
            repair = repair or self.guess(place) or self.panic(at)
            if not slip.help and not slip.related:
                slip = slip._replace(related=self.hint(place, repair), edits=())
        self.faults.append(Fault(place.start, name, certain, self.diagnostic(place, slip, certain)))
        if len(self.faults) >= self.most:
            repair, certain = self.rest(at), False
        if certain:
            self.edits += slip.edits
        self.splice(repair, certain=certain)

    def place(self, at: int) -> Place:
        return Place(
            self.source,
            self.tokens,
            at,
            self.opens[at],
            self.driver.accepts(self.stacks[at]),
            lambda offset: self.driver.accepts(self.stacks[at + offset]),
        )

    def splice(self, repair: Repair, *, certain: bool) -> None:
        """Put a repair in, and go back to before it."""
        first, last, tokens = repair[:3]
        old, new = (
            [(token.text, token.start) for token in part if token.text in ("{", "}")]
            for part in (self.tokens[first:last], tokens)
        )
        if old != new:
            self.braces.append(self.tokens[min(first, len(self.tokens) - 1)].start)
        if not certain:
            gone = {id(token) for token in tokens}
            lost = (t for t in self.tokens[first:last] if id(t) not in gone)
            kept = {token.text for token in tokens if token.kind == "NAME"}
            self.doubtful |= {t.text for t in lost if t.kind == "NAME"} - kept
            self.floor = first + (repair.opened or len(tokens))
        self.brackets.subtract(token.text for token in self.tokens[first:last])
        self.brackets.update(token.text for token in tokens)
        self.tokens[first:last] = tokens
        del self.stacks[first + 1 :], self.opens[first + 1 :]

    # --- ways to read on ----------------------------------------------------------------------

    def fix(self, place: Place, slip: Slip) -> Repair | None:
        """The tokens with a fix made, if that lets the parser read on behind it."""
        edits = slip.edits
        low, high = min(edit[0] for edit in edits), max(edit[1] for edit in edits)
        first = place.at
        while first > self.floor and self.tokens[first].start >= low:
            first -= 1
        while first > self.floor and self.tokens[first - 1].end >= self.tokens[first].start:
            first -= 1
        if self.tokens[first].start > low and first > 0 and self.tokens[first - 1].end > low:
            return None
        last = place.at
        quotes = any(set(edit[2]) & set("#\"'") for edit in edits)
        far = place.at + (FURTHEST if quotes else 1)
        while self.within(last) and (self.tokens[last].start <= high or not self.parted(last, far)):
            last += 1
        start = min(self.tokens[first].start, low)
        end = max(self.tokens[last - 1].end if last else 0, high)
        if quotes:
            line = self.source.text.find("\n", end)
            end = line if line >= 0 else len(self.source.text)
        inside = [edit for edit in self.edits if start <= edit[0] and edit[1] <= end]
        changes = sorted([*inside, *edits])
        if any(one[1] > other[0] for one, other in pairwise(changes)):
            return None
        tokens = relexed(self.driver, self.source.text, start, end, changes)
        if slip.guess:
            tokens = [
                Made(token.kind, token.text, token.start, token.end)
                if any(edit[0] <= token.start < edit[1] for edit in edits)
                else token
                for token in tokens
            ]
        stack, seen = self.stacks[first], 0
        behind = max(place.end, *(edit[1] for edit in edits if edit[0] <= place.end), 0)
        for token in [*tokens, *self.tokens[last : last + slip.reads]]:
            following = self.driver.step(stack, token.kind)
            if following is None:
                another = token.start >= behind and self.apart(stack, token)
                return Repair(first, last, tokens) if another or seen >= slip.reads else None
            stack = following
            seen += token.start >= behind
        return Repair(first, last, tokens)

    def within(self, index: int) -> bool:
        """Whether a token is one of the text, or of a fix."""
        return type(self.tokens[index]) is Token and self.tokens[index].kind != END

    def parted(self, index: int, far: int) -> bool:
        """Whether a token is read alike whatever stands before it: it is the first on its line, or,
        from a number on, a blank is before it."""
        if indent(self.source.text, self.tokens, index) is not None:
            return True
        return index > far and self.tokens[index - 1].end < self.tokens[index].start

    def apart(self, stack: Stack, token: Token) -> bool:
        """Whether a token that cannot be read is an error of its own, not one of what is before."""
        if token.kind in (JUNK, "OVER"):
            return True
        line = self.source.text.rfind("\n", 0, token.start) + 1
        if self.source.text[line : token.start].strip():
            return False
        bounds = ("_STAGE", "_ARCH", "RBRACE", END)
        return any(self.driver.step(stack, kind) is not None for kind in bounds)

    def inserted(self, slip: Slip) -> Repair | None:
        """The tokens with what is missing by a slip."""
        if slip.missing is None:
            return None
        at, kind = slip.missing
        if at < self.floor or self.driver.step(self.stacks[at], kind) is None:
            return None
        return Repair(at, at, [made(kind, self.tokens, at)])

    def skipped(self, place: Place, slip: Slip) -> Repair | None:
        """The tokens without those that are to be skipped."""
        if slip.skip is None:
            return None
        first = last = place.at
        while first > self.floor and self.tokens[first].start > slip.skip[0]:
            first -= 1
        while self.tokens[last].kind != END and self.tokens[last].start < slip.skip[1]:
            last += 1
        return self.without(first, last)

    def guess(self, place: Place) -> Repair | None:
        """The best of the ways to read on."""
        stray = self.stray(place)
        if stray is not None:
            return stray
        at, tokens, stacks = place.at, self.tokens, self.stacks
        ways = (
            self.by_layout(place),
            Search(self.driver, tokens, stacks, at, self.floor, self.balanced()).best(),
            Resync(self.source.text, self.driver, tokens, stacks, at, self.floor).best(),
        )
        return min(
            (way for way in ways if way is not None), key=lambda way: way.score, default=None
        )

    def stray(self, place: Place) -> Repair | None:
        """A body, in an arch where there is none, around statements that stand outside of one."""
        if place[0].kind not in ("NAME", "_X") or not {"_ARCH", "_STAGE"} & place.expected:
            return None
        if place[1].text not in ("(", "=", ".", ";"):
            return None
        index, depth, call, closed = place.at, 0, 0, False
        while self.tokens[index].kind != END:
            token = self.tokens[index]
            first = indent(self.source.text, self.tokens, index) is not None
            if depth == 0 and first and token.kind in ANCHORS:
                break
            depth += (token.text in CLOSES) - (token.text in CLOSES.values())
            if depth < 0:
                closed = self.tokens[index + 1].kind in ("_STAGE", "_HEAD")  # it closes the body
                break
            index += 1
            if depth == 0 and token.text == ")" and not call:
                call = index
        if self.tokens[call].text == "{" and call:
            return None  # a stage or a block without its first word
        head = ["_STAGE", "NAME", "LBRACE"]
        if "_ARCH" in place.expected and any(
            token.text == "}" for token in self.tokens[: place.at]
        ):
            self.whole = False  # it may stand behind a brace too many
        if "_ARCH" in place.expected:
            head = ["_ARCH", "NAME", "LBRACE", *head]
        closes = ["RBRACE"] * (head.count("LBRACE") - closed)
        return Repair(
            place.at,
            index,
            [
                *(made(kind, self.tokens, place.at) for kind in head),
                *self.tokens[place.at : index],
                *(made(kind, self.tokens, index) for kind in closes),
            ],
            opened=len(head),
        )

    def balanced(self) -> str:
        """Brackets of which there are as many as of those that match them."""
        counts = self.brackets
        return "".join(pair for pair in ("()", "[]", "{}") if counts[pair[0]] == counts[pair[1]])

    def by_layout(self, place: Place) -> Repair | None:
        """The bracket that is missing by the layout, put in where it should stand."""
        if not place.opens:
            return None
        found = suspects(place, "{" if place.inner == "{" else "([{")
        for suspect in islice(found, SUSPECTS):
            close = CLOSES[suspect.open.text]
            kind = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}[close]
            for at in (suspect.before, suspect.before - 1):
                if at < self.floor or (at < suspect.before and self.tokens[at].kind != "COMMA"):
                    continue
                stack = self.driver.step(self.stacks[at], kind)
                far = -1 if stack is None else reach(self.driver, self.tokens, stack, at, place.at)
                if far > 0:
                    return Repair(at, at, [made(kind, self.tokens, at)], SCALE - far)
        return None

    def panic(self, at: int) -> Repair:
        """The tokens without all up to something that can follow what was read before."""
        starts = list(self.unwound(at))
        for last in range(at, min(at + FURTHEST, len(self.tokens))):
            token = self.tokens[last]
            bound = token.kind in ANCHORS or token.kind == END
            if not bound and indent(self.source.text, self.tokens, last) is None:
                continue
            for first in starts if bound else starts[:1]:
                if first == last:
                    continue
                stack = self.driver.step(self.stacks[first], token.kind)
                if stack is None:
                    continue
                if token.kind == END or reach(self.driver, self.tokens, stack, last + 1, last) > 1:
                    return self.without(first, last)
        return self.rest(at)

    def unwound(self, at: int) -> Iterator[int]:
        """Where to go back to: the error itself, then what begins around it, outwards."""
        yield at
        depth = 0
        for index in range(at - 1, max(at - FURTHEST, -1), -1):
            token = self.tokens[index]
            depth += (token.text in CLOSES.values()) - (token.text in CLOSES)
            if depth <= 0 and token.kind in ANCHORS:
                yield index

    def rest(self, at: int) -> Repair:
        """Nothing more of the text, from the declaration on that an error stands in."""
        end = len(self.tokens) - 1
        first = next(i for i in range(at, -1, -1) if self.driver.step(self.stacks[i], END))
        return self.without(first, end)

    def without(self, first: int, last: int) -> Repair:
        return Repair(first, last + 1, [late(self.tokens[last], self.tokens, first)])

    def hint(self, place: Place, repair: Repair) -> tuple[tuple[int, int, str], ...]:
        """What a repair changes on another line than that of the error."""
        kept = {id(token) for token in repair.tokens}
        line = self.source.position(place.start)[0]
        for token in self.tokens[repair.first : min(repair.last, place.at)]:
            same = any(one.start == token.start and one.text for one in repair.tokens)
            if id(token) not in kept and not same and self.source.position(token.start)[0] != line:
                return ((token.start, token.end, "this may be one too many"),)
        return ()

    # --- what is said -------------------------------------------------------------------------

    def diagnostic(self, place: Place, slip: Slip, fixed: bool) -> Diagnostic:
        source = self.source
        start, end = place.start, place.end
        if place[0].kind == END:
            start = end = place[-1].end
        elif place[0].kind in ("JUNK", "OPEN", "QUOTED"):
            end = start + 1
        span = Span(source, *(slip.span or (start, end)))
        related = [Label(Span(source, low, high), text) for low, high, text in slip.related]
        return make(
            SYNTAX,
            slip.message,
            span,
            label=slip.label,
            related=[*related, *self.before(place, span, related)],
            help=slip.help,
            notes=slip.notes,
            edits=[Edit(Span(source, low, high), text) for low, high, text in slip.edits if fixed],
        )

    def before(self, place: Place, span: Span, related: list[Label]) -> list[Label]:
        """The token before an error that stands on a later line: what is wrong may be behind it."""
        token = place.last_token(place.at)
        if not token.kind:
            return []
        before = Span(span.source, max(token.start, token.end - 64), token.end)
        if before.line == span.line or any(label.span.line == before.line for label in related):
            return []
        return [Label(before, "after this")]
