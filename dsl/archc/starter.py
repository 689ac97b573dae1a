"""What `archc new` writes: a commented starter, or one of the shipped networks under a new name."""

from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.syntax import ast
from archc.syntax.layout import lay_out
from archc.syntax.parse import parse_file

STARTER = '''"""What this network is for. This text is its documentation."""
arch {name}(
    alpha = 1.0 in 0.1 .. 4.0,  # a parameter: its default, and the range it may be set in
    num_classes = 10 in 1 .. 1000,
) {{
    target stm32n6  # refuses, with the line and the reason, what its NPU would not run

    # require macs <= 30 M, peak_activation_bytes <= 512 KiB  # budgets: the compile fails above

    input image: 96x96x3  # rows x columns x channels

    # A stage ends with `channels` (rounded to a multiple of 8) and strides once, in the first
    # statement that can. Statements follow each other; each reads what the one before it made.
    stage stem(channels = 16 * alpha, stride = 2) {{ conv(kernel = 3x3) batchnorm relu6 }}

    # `repeat` stands for the same body several times, with stride 1 from the second on.
    stage stage1(channels = 32 * alpha, stride = 2, repeat = 2) {{ ds }}
    stage stage2(channels = 64 * alpha, stride = 2, repeat = 2) {{ separable_attention }}

    head {{ global_average_pool dropout(0.2) dense(num_classes) sigmoid }}
}}

"""A block of your own. Its parameters are filled in by the stage that calls it, by name."""
block separable_attention(channels, stride = 1) {{
    ds(channels, stride)  # depthwise-separable, from the standard library
    se(reduction = 4)     # squeeze-and-excitation
}}
'''


def starter(name: str) -> str:
    """A spec to begin with: it compiles, and says what its parts are."""
    return STARTER.format(name=name)


def copied(name: str, declares: Source, base: Source | None = None) -> str:
    """A shipped spec as one file that declares one arch, under another name.

    What a variant sets becomes the default of the parameter.

    Args:
        name: of the new network.
        declares: the shipped spec.
        base: the file that it uses, where it declares a variant of an arch of that file.

    Raises:
        Rejected: a spec cannot be read.
    """
    chosen = parse_file(declares, DEFAULT_LIMITS).archs[0]
    given: dict[str, str] = {}
    home = declares
    if isinstance(chosen, ast.Derived):
        assert base is not None
        home = base
        given = {one.name.text: one.value.span.text for one in chosen.arguments if one.name}
        archs = parse_file(base, DEFAULT_LIMITS).archs
        chosen = next(one for one in archs if one.name.text == chosen.base.text)
    assert isinstance(chosen, ast.Arch)
    edits = {chosen.name.span: name}
    for parameter in chosen.parameters:
        if parameter.name.text in given and parameter.default is not None:
            edits[parameter.default.span] = given[parameter.name.text]
    text = home.text
    for span, new in sorted(edits.items(), key=lambda one: one[0].start, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return lay_out(Source(f"{name}.arch", text), DEFAULT_LIMITS)
