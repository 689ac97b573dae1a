"""Valid specs with one edit, and junk: diagnostics or a network, never another exception."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from archc.diagnostics.model import Rejected
from archc.diagnostics.render import render, render_json
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.syntax.grammar import read_grammar
from archc.syntax.parse import parse_expression
from support.checking import check_diagnostics, check_network, compiled
from support.mutations import (
    KINDS,
    Answer,
    Mutation,
    answer,
    doubles,
    false,
    first_suggestion,
    helps,
    judged,
    texts,
)
from support.mutations import mutations as every_mutation
from support.profiles import Share, Tally, share
from support.strategies import inlined, junk, mutants, shipped, tokens

EDITED = Tally("specs with one edit")
JUNK = Tally("junk")
MUTATED = Share("shipped specs with one edit, well answered")
SUGGESTED = Share("misspelt names corrected by the first suggestion")
DOUBLES = Share("shipped specs with two faults, both reported")
SENTENCES = Tally("sentences of the grammar")


def holds(text: str, tally: Tally) -> None:
    """A text compiles, or is rejected with diagnostics that can be shown."""
    compilation = compiled(text)
    event("rejected" if compilation.failed else "accepted")
    tally.add(text, not compilation.failed)
    check_diagnostics(compilation, text)
    for diagnostic in compilation.diagnostics:
        assert render(diagnostic, color=True)
        assert render_json(diagnostic)["message"]
    for network in compilation.networks:
        check_network(network, None)


@given(mutants())
def test_one_edit(text: str) -> None:
    holds(text, EDITED)


@share(0.5)
@given(junk())
def test_junk(text: str) -> None:
    holds(text, JUNK)


@share(0.2)
@given(junk())
def test_junk_as_the_value_of_a_setting(text: str) -> None:
    code = "syntax"
    try:
        parse_expression(Source("<set>", text), DEFAULT_LIMITS)
    except Rejected as rejected:
        code = rejected.diagnostic.code
    assert code in ("syntax", "limit")


@share(0.2)
@given(st.binary(max_size=300))
@example(b"\xff\xfea\x00r\x00c\x00h\x00")
@example(b"\xef\xbb\xbfarch a { input i: 8 x 8 x 8 head { relu6 } }")
@example(b"arch a { input i: 8 x 8 x 8 head { relu6 } } # \xe4")
def test_bytes_in_a_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = Path(tmp_path_factory.mktemp("bytes")) / "spec.arch"
    path.write_bytes(data)
    loader = Loader(str(path.parent))
    code = "file_"
    try:
        holds(loader.load(str(path)).text, JUNK)
    except Rejected as rejected:
        code = rejected.diagnostic.code
    assert code.startswith("file_")


@pytest.fixture(scope="module")
def sentences() -> st.SearchStrategy[str]:
    """Sentences of the grammar without regard to meaning; blanks are not put between tokens."""
    grammar = Lark(read_grammar().decode(), parser="lalr", start="start")
    names = st.sampled_from(["a", "conv", "relu6", "ds", "alpha"])
    return from_lark(
        grammar,
        start="start",
        explicit={"NAME": names.map(lambda n: f" {n} "), "NUMBER": st.sampled_from([" 1", " 3"])},
    )


@share(0.5)
@given(data=st.data())
def test_sentences_of_the_grammar(sentences: st.SearchStrategy[str], data: st.DataObject) -> None:
    holds(data.draw(sentences), SENTENCES)


MUTATIONS = {"quick": 98, "ci": 420}
"""How many mutations are tried under a profile; all of them under any other."""


def sampled() -> list[Mutation]:
    """The mutations that the profile in force tries: of each kind alike, spread over the specs."""
    found = list(every_mutation())
    most = MUTATIONS.get(settings.get_current_profile_name())
    if most is None:
        return found
    chosen: list[Mutation] = []
    for kind in KINDS:
        of_kind = [one for one in found if one.kind == kind]
        chosen += Random(0).sample(of_kind, most // len(KINDS))
    return chosen


def test_every_mutation_of_a_shipped_spec_is_well_answered() -> None:
    """It compiles to something else, or what is said points at the edit or names it; and a
    misspelt name is corrected by the first suggestion."""
    left: list[str] = []
    wrong: list[str] = []
    digests: dict[str, set[str]] = {}
    for mutation in sampled():
        said = answer(mutation)
        check_diagnostics(said.compilation, mutation.text)
        if not said.errors:
            made = {each.manifest["model"]["source_digest"] for each in said.compilation.networks}
            assert made
            assert not made & original_digests(mutation.spec, digests)
        good = not said.errors or judged(said) or helps(mutation, said)
        MUTATED.add(good)
        if said.errors and not judged(said):
            assert len(false(said, [mutation])) <= 1, story(mutation, said)
        if not good:
            left.append(story(mutation, said))
        if mutation.kind == "misspell" and said.errors:
            right = first_suggestion(said) in {mutation.original, *mutation.names}
            SUGGESTED.add(right)
            if not right:
                wrong.append(story(mutation, said))
    assert len(left) <= 0.005 * MUTATED.count, "\n".join(left)
    assert len(wrong) <= 0.05 * SUGGESTED.count, "\n".join(wrong)


PAIRS = {"quick": 60, "ci": 300}
"""How many pairs of edits are tried under a profile; `LONG` under any other."""
LONG = 2_000


def test_two_edits_are_both_reported() -> None:
    """Of two faults in different statements at least 95 % are both reported, and no pair has more
    than one error that neither of them brings."""
    wanted = PAIRS.get(settings.get_current_profile_name(), LONG)
    missed: list[str] = []
    wrong: list[str] = []
    tried = 0
    for pair in doubles(Random(11)):
        alone = [answer(one) for one in pair.alone]
        faults = zip(pair.alone, alone, strict=True)
        if not all(said.errors and not judged(said) and helps(one, said) for one, said in faults):
            continue  # an edit that makes another network is not a fault
        tried += 1
        said = answer(pair.edits[0])
        both = all(helps(edit, said) for edit in pair.edits)
        DOUBLES.add(both)
        if not both:
            missed += [story(edit, said) for edit in pair.edits]
        if len(false(said, pair.edits, alone)) > 1:
            wrong += [story(edit, said) for edit in pair.edits]
        if tried == wanted:
            break
    assert not wrong, "\n".join(wrong)
    assert len(missed) / 2 <= 0.05 * tried, "\n".join(missed)


def original_digests(spec: str, known: dict[str, set[str]]) -> set[str]:
    """The digests of a spec without the edit."""
    if spec not in known:
        text = next(text for name, text, _ in texts() if name == spec)
        made = compiled(text)
        known[spec] = {each.manifest["model"]["source_digest"] for each in made.networks}
    return known[spec]


def story(mutation: Mutation, said: Answer) -> str:
    first = said.errors[0]
    lines = mutation.text.split("\n")
    edited = [lines[line - 1] for line in sorted(mutation.lines) if 0 < line <= len(lines)]
    return f"{mutation.kind} in {mutation.spec}: {edited}: {first.message} ({first.help})"


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_tokens_join_to_the_text(path: Path) -> None:
    text = inlined(path)
    assert "".join(tokens(text)) == text
    assert 'use "' not in text
