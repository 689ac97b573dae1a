"""What a space holds as a picture."""

from typing import Any

from archc.space.plot import counted, saved
from archc.space.summary import Summary


def overview(summary: Summary, name: str, suffix: str) -> bytes:
    """A summary as an SVG or PNG file: the distributions of costs within budget, how many variants
    of each value of a parameter are within, and what explains the costs.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "archc", "svg.fonttype": "none"}):
        figure = Figure(figsize=(11, 8), layout="constrained")
        panels = figure.subplots(2, 2)
        for axes, (cost, curve) in zip(panels[0], summary.curves.items(), strict=True):
            axes.plot(curve, range(len(curve)), color="C0")
            axes.set_xlabel(f"{cost} within budget")
            axes.set_ylabel("% of variants below")
            counted(axes.xaxis, cost)
        _shares(panels[1][0], summary)
        _explained(panels[1][1], summary)
        for axes in panels.ravel():
            axes.grid(alpha=0.3)
        figure.suptitle(f"{name}: {summary.within:,} of {summary.variants:,} within budget")
        return saved(figure, suffix)


def _shares(axes: Any, summary: Summary) -> None:
    for name, values in summary.values.items():
        if len(values) > 1:
            shares = [100 * each.within / each.networks if each.networks else 0 for each in values]
            places = [100 * place / (len(values) - 1) for place in range(len(values))]
            label = f"{name}, {values[0].text} to {values[-1].text}"
            axes.plot(places, shares, marker=".", label=label)
    axes.set_xlabel("value of the parameter, % of its values")
    axes.set_ylabel("% within budget")
    if axes.lines:
        axes.legend()


def _explained(axes: Any, summary: Summary) -> None:
    open_ = [name for name, values in summary.values.items() if len(values) > 1]
    costs = list(dict.fromkeys(each.cost for each in summary.moved))
    width = 0.8 / max(len(open_), 1)
    for place, name in enumerate(open_):
        shares = {each.cost: each.share for each in summary.moved if each.parameter == name}
        places = [at + place * width for at in range(len(costs))]
        axes.bar(places, [100 * (shares[cost] or 0) for cost in costs], width, label=name)
    middle = (len(open_) - 1) * width / 2
    axes.set_xticks([at + middle for at in range(len(costs))], costs, rotation=20, ha="right")
    axes.set_ylabel("% of the variance explained")
    if open_:
        axes.legend()
