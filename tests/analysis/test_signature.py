"""The order of inputs and outputs in a file, against TensorFlow's own hash of their names."""

import pytest

from archc.analysis.lowering.signature import LONGEST, fingerprint, listed

TEXT = "".join(chr(97 + number * number % 26) for number in range(LONGEST))
HASHES = """
    9ae16a3b2f90404f b3454265b6df75e3 aa8d6e5242ada51e 1bd29f920c286536 4cbaade3538c3626
    73710efb642ba263 3870dc9d8d20df31 0987bf64dc783b50 dacefc08af64c79a 8dc91d23fc5da903
    e3cb509c6a60ce6b 59cd2278f6137e45 d7dd96cb8b0debe0 c5c09c1e93bca737 7313bdf563c551fe
    9d7c7a1c2a5ec04c 1f3820235cdfe60d 199cf61c8fc57e60 3c9edb7c9bc738e1 abfb2870f6782ad3
    ea550a66f414cd91 83f959cf36e481ad f69abf1be460823b 647911d5f7814f56 a7347797d47a8d29
    a6913387256071c2 d35945252be84856 1e4cd67c8bfac2e3 4b61b59e1f3525fd 0d8a76a3a0eefb73
    270bf833dc03d237 bf2c0465ec5ccf99 1f4b69d54ce8f82d 5d590a763367b07a eb7232af4f3907bf
    6eb9f7c4a1b71bb3 bde228f3f68f3d82 417389839e1f8849 bc6145b40fd61d1c af61afaa0f3dcdf7
    15ef5f6bf3bd7fee 8cdcc20121147926 0f57f8a53c9e2641 5becbeeae4eb788c 426125f228425aba
    1c0e1836b3abcf31 b78813aa9c0aa2c9 00f77c2751a68c60 b5144a4ce31a4d85 af7150b56ec5961d
    e70ced319b914eb7 e05c430dd43be6f8 afd9175f1bebb3d1 19c23aefaee05808 8aa12070e10ed685
    dd495d23fd4e75e3 50434a7c27b5f30b d8023411f8b7570a 323b7d976ec537df d175bfba1a789f5d
    36ad7a95b55fee5d f8f569c07c75ed4a a9249cf8deff1ba0 e4947a22dc9822c2 a21824720011f7d6
"""
"""Of the first 0, 1, 2 ... letters, by `tf.fingerprint(..., "farmhash64")` of TensorFlow 2.21.0."""


def test_the_hash_is_as_it_was() -> None:
    expected = HASHES.split()
    assert len(expected) == LONGEST + 1
    for size, value in enumerate(expected):
        assert f"{fingerprint(TEXT[:size].encode()):016x}" == value


@pytest.mark.keras
def test_the_hash_is_tensorflows() -> None:
    import tensorflow as tf

    names = [TEXT[:size] for size in range(LONGEST + 1)] + ["output_0", "map", "_9", "\u00fc"]
    expected = [int(n) for n in tf.fingerprint(names, "farmhash64").numpy().view("<u8")[:, 0]]
    assert [fingerprint(name.encode()) for name in names] == expected


def test_what_is_longer_is_not_known() -> None:
    assert listed(["a" * LONGEST, "b"]) is not None
    assert listed(["a" * (LONGEST + 1), "b"]) is None


@pytest.mark.parametrize(
    ("names", "order"),
    [("image audio", "audio image"), ("zimage aux", "zimage aux"), ("in0 in1 in2", "in2 in0 in1")],
)
def test_files_that_were_seen(names: str, order: str) -> None:
    """`findings/converter_input_order.sh`."""
    given = names.split()
    found = listed(given)
    assert found is not None
    assert [given[place] for place in found] == order.split()
