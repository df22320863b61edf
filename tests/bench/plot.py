"""Draws how many times as fast scoredock is, a panel a peer: ``plot.py results.json picture.png``."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

COLUMNS = 3
FASTER, SLOWER = "#2a7f62", "#b8532f"


def draw(ratios, picture):
    """One horizontal bar a case, on a logarithmic axis from 1, with the spread over the rounds."""
    names = list(dict.fromkeys(ratio["case"] for ratio in ratios))
    panels = list(dict.fromkeys(ratio["peer"] for ratio in ratios))
    columns = min(COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    size = (4.2 * columns + 1.6, (0.34 * len(names) + 0.9) * lines + 0.6)
    figure, grid = pyplot.subplots(lines, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    figure.suptitle("scoredock is … times as fast, in requests a second on one core", fontsize=13)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _panel(axes, panel, [ratio for ratio in ratios if ratio["peer"] == panel], names)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    low = min(1, *(ratio["low"] for ratio in ratios)) / 1.15
    grid[0, 0].set_xlim(low, max(ratio["high"] for ratio in ratios) * 2)
    figure.tight_layout()
    figure.savefig(picture, dpi=130)


def _panel(axes, title, ratios, names):
    axes.set_title(title, fontsize=11)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    for ratio in ratios:
        place, median = names.index(ratio["case"]), ratio["median"]
        axes.barh(place, median - 1, left=1, height=0.62, color=FASTER if median >= 1 else SLOWER)
        axes.plot([ratio["low"], ratio["high"]], [place, place], color="#222222", linewidth=1.2)
        end = max(1, ratio["high"])
        axes.annotate(
            f"{median:.2g}" if median < 1 else f"{median:.1f}",
            (end, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.axvline(1, color="#222222", linewidth=1)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text())["ratios"], sys.argv[2])
