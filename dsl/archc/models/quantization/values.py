"""What is wrong with the values of samples."""

from collections.abc import Sequence
from typing import Any

from archc.diagnostics.codes import QUANTIZE_DATA, QUANTIZE_DOUBT
from archc.diagnostics.model import Diagnostic, make, reject
from archc.diagnostics.text import several

_OUTLIER = 20
"""The largest magnitude is doubted when it is more than this many times the 99.9th percentile: of
the 256 steps of int8, less than 13 are then left for nearly all values."""


def finite(values: Any, raw: Any, indices: Sequence[int], what: str) -> None:
    import numpy as np

    good = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if good.all():
        return
    bad = int(np.argmin(good))
    count = int((~good).sum())
    row = values[bad]
    if np.isnan(row).any():
        kind = "NaN"
    elif np.isfinite(np.asarray(raw[bad], dtype=np.float64)).all():
        kind = "numbers beyond float32"
    else:
        kind = "infinity"
    more = f", and so do {count - 1:,} more of the {len(values):,} in use" if count > 1 else ""
    raise reject(
        QUANTIZE_DATA,
        f"sample {indices[bad]} of {what} holds {kind}{more}",
        help="one such value makes the ranges of all activations useless: fix or drop the sample",
    )


def varied(values: Any, indices: Sequence[int], what: str, doubts: list[Diagnostic]) -> None:
    import numpy as np

    flat = values.reshape(len(values), -1)
    low, high = float(flat.min()), float(flat.max())
    if low == high:
        raise reject(
            QUANTIZE_DATA,
            f"every value of {what} is {low:g}",
            help="calibration takes the range of every activation from real samples",
        )
    if len(flat) > 1 and (flat == flat[0]).all():
        raise reject(
            QUANTIZE_DATA,
            f"all {len(flat):,} samples in use of {what} are the same",
            help="give different ones, of every kind that the network will meet",
        )
    constant = flat.min(axis=1) == flat.max(axis=1)
    if flat.shape[1] > 1 and constant.sum() > 0.1 * len(flat):
        first = indices[int(np.argmax(constant))]
        doubts.append(
            make(
                QUANTIZE_DOUBT,
                f"{int(constant.sum()):,} of {several(len(flat), 'sample')} of {what} are "
                f"constant, the first is number {first}",
                help="leave out blank images and silence, unless they are as frequent in use",
            )
        )
    if values.ndim > 2 and values.shape[-1] > 1:
        channels = values.reshape(-1, values.shape[-1])
        dead = np.flatnonzero(channels.min(axis=0) == channels.max(axis=0))
        if len(dead):
            doubts.append(
                make(
                    QUANTIZE_DOUBT,
                    f"channel {int(dead[0])} of {what} has the same value in all samples",
                    help="see whether it was filled when the data was saved",
                )
            )


def outliers(values: Any, indices: Sequence[int], what: str, doubts: list[Diagnostic]) -> None:
    import numpy as np

    magnitude = np.abs(values)
    usual = float(np.percentile(magnitude, 99.9))
    largest = float(magnitude.max())
    if 0 < usual * _OUTLIER < largest:
        where = int(magnitude.reshape(len(values), -1).max(axis=1).argmax())
        doubts.append(
            make(
                QUANTIZE_DOUBT,
                f"sample {indices[where]} of {what} holds {largest:.4g}, {largest / usual:.0f} "
                f"times as much as 99.9 % of the values",
                help="int8 has 256 steps for the whole range: drop the sample, or clip the data in "
                "training and here",
            )
        )
