"""Colours for specs: the words of the language by kind, and a lexer for Pygments.

The words come from the compiler: the grammar, the operators, the standard library. The TextMate
grammar (`archc.manual.textmate`) is made of the same ones. Needs Pygments, the `highlight` extra,
which finds the lexer by entry point under the names `arch` and `archc` and for `*.arch`.
"""

from typing import ClassVar, NamedTuple

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from archc.vocabulary import NAME, NUMBER, TIMES_BETWEEN, vocabulary

_WORDS = vocabulary()
_END = r"(?![A-Za-z0-9_])"


class Described(NamedTuple):
    """A declaration: what follows its keyword is a name of this kind."""

    keyword: str
    token: object


_DECLARED = (
    Described("arch", Name.Class),
    Described("block", Name.Function),
    Described("stage", Name.Label),
    Described("input", Name.Variable),
    Described("target", Name.Namespace),
)


class ArchLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Pygments lexer for `.arch` specs."""

    name = "arch"
    aliases: ClassVar[list[str]] = ["arch", "archc"]
    filenames: ClassVar[list[str]] = ["*.arch"]
    mimetypes: ClassVar[list[str]] = ["text/x-arch"]

    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"""(?s:.*?)"""', String.Doc),
            (r'"[^"\n]*"', String),
            *(
                (
                    rf"({one.keyword})(\s+)({NAME})",
                    bygroups(Keyword.Declaration, Whitespace, one.token),
                )
                for one in _DECLARED
            ),
            (rf"(in)(\.)({NAME})", bygroups(Keyword, Punctuation, Name.Attribute)),
            (TIMES_BETWEEN, Operator.Word),
            (words(_WORDS.logical, suffix=_END), Operator.Word),
            (words(_WORDS.declarations, suffix=_END), Keyword.Declaration),
            (words(_WORDS.keywords, suffix=_END), Keyword),
            (rf"{NAME}(?=\s*=(?!=))", Name.Property),
            (words(_WORDS.forms, suffix=_END), Keyword.Pseudo),
            (words(_WORDS.operators, suffix=_END), Name.Builtin),
            (words(_WORDS.blocks, suffix=_END), Name.Builtin.Pseudo),
            (words(_WORDS.functions, suffix=_END), Name.Function.Magic),
            (words(_WORDS.constants, suffix=_END), Keyword.Constant),
            (NUMBER, bygroups(Number, Whitespace, Keyword.Type)),
            (NAME, Name),
            (r"<=|>=|==|!=|\.\.|[-+*/<>=]", Operator),
            (r"[{}()\[\]:,.]", Punctuation),
        ]
    }
