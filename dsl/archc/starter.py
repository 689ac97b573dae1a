"""What `archc new` writes: a commented starter, or one of the shipped networks under a new name."""

from archc.source import Source
from archc.syntax.tokens import tokens

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


def renamed(name: str, declares: Source, base: Source | None = None) -> str:
    """A shipped spec as one file, with the arch it declares under another name.

    Args:
        name: of the new network.
        declares: the shipped spec.
        base: the file that it uses, if it uses one, which goes before it.
    """
    found = tokens(declares)
    text = declares.text
    at = next(i for i, token in enumerate(found) if token.kind == "_ARCH") + 1
    text = text[: found[at].start] + name + text[found[at].start + len(found[at].text) :]
    if base is None:
        return text
    use = found[0]
    assert use.kind == "_USE"
    rest = text[found[1].start + len(found[1].text) :].lstrip("\n")
    return f"{base.text.rstrip()}\n\n{text[: use.start]}{rest}"
