"""Style, parts and wording that the figures share."""

from contextlib import contextmanager

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from helpers.intervals import paired_interval

ARMS = {
    "faulty": {"color": "#D55E00", "marker": "X"},
    "fixed": {"color": "#0072B2", "marker": "o"},
    "control": {"color": "#009E73", "marker": "s"},
}
VERDICTS = {
    "fault": {"color": "#D55E00", "marker": "X"},
    "undecided": {"color": "#E69F00", "marker": "D"},
    "not the cause": {"color": "#0072B2", "marker": "o"},
}
OTHERS = ("#E69F00", "#56B4E9", "#CC79A7", "#000000")
MARKERS = ("D", "^", "v", "P", "*")
GREY = "#595959"
WIDTH_IN = 8  # inches: the width of a notebook's output
STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.markersize": 7,
    "figure.constrained_layout.use": True,
}


@contextmanager
def axes(ax, height):
    """The given axes or new ones, drawn on in this module's style; no global setting is left."""
    with mpl.rc_context(STYLE):
        if ax is None:
            ax = plt.figure(figsize=(WIDTH_IN, height)).subplots()
        yield ax


def described(ax, text):
    ax.alt_text = text
    return ax


def require(table, name, *columns):
    require_columns(table, name, *columns)
    if table.empty:
        raise ValueError(f"{name} has no rows: there is nothing to draw.")


def require_columns(table, name, *columns):
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(f"{name} lacks the column {missing[0]!r}: it has {list(table)}.")


def look(name, position=0):
    """Colour and marker: an arm's own, or the next ones of the palette."""
    if name in ARMS:
        return ARMS[name]
    return {
        "color": OTHERS[position % len(OTHERS)],
        "marker": MARKERS[position % len(MARKERS)],
    }


def arms_of(table):
    """Arms in the order faulty, fixed, control; others after them as they come."""
    names = list(table["arm"].unique())
    return sorted(names, key=lambda name: list(ARMS).index(name) if name in ARMS else len(ARMS))


def units(table, by):
    """One row per unit, one column per arm."""
    keys = [name for name in by if name in table]
    if not keys:
        raise ValueError(f"table has none of the columns {list(by)} that pair the arms.")
    return table.groupby([*keys, "arm"])["value"].mean().unstack("arm")[arms_of(table)]


def dots(ax, x, y, look):
    ax.plot(x, y, ls="", alpha=0.8, mec="white", mew=0.6, zorder=2, **look)


def mean_legend(ax):
    entry = ax.plot([], [], "D-", color=GREY, mec="black", ms=6, label="mean, 95 % interval")
    legend(ax, handles=entry)


def mean_bar(ax, place, values, color, *, horizontal=False, test_fraction=None):
    """Mean with its interval; the mean alone where there is one value."""
    if values.empty:
        return
    mean = low = high = float(values.iloc[0])
    if len(values) > 1:
        mean, low, high = paired_interval(values, test_fraction=test_fraction)
    x, y, error = (mean, place, "xerr") if horizontal else (place, mean, "yerr")
    ax.errorbar(
        x,
        y,
        **{error: [[mean - low], [high - mean]]},
        fmt="D",
        color=color,
        mec="black",
        ms=6,
        lw=2.5,
        capsize=4,
        zorder=3,
    )


def intervals(ax, effects, places, table, mask, face, label):
    errors = [
        np.clip(effects - table["low"], 0, None)[mask],
        np.clip(table["high"] - effects, 0, None)[mask],
    ]
    ax.errorbar(
        effects[mask],
        places[mask],
        xerr=errors,
        fmt="o",
        color="black",
        mfc=face,
        lw=2,
        capsize=4,
        label=label,
        zorder=3,
    )


def findings(ax, rows, places, look, label):
    """Effects of one verdict; those without one as a word at the side, where no axis claims it."""
    effects = rows["effect"].to_numpy(dtype=float)
    errors = [
        np.clip(np.nan_to_num(effects - rows["low"].to_numpy(dtype=float)), 0, None),
        np.clip(np.nan_to_num(rows["high"].to_numpy(dtype=float) - effects), 0, None),
    ]
    ax.errorbar(
        effects,
        places,
        xerr=errors,
        fmt=look["marker"],
        color=look["color"],
        mec="black",
        ms=8,
        lw=2.2,
        capsize=4,
        label=label,
        zorder=3,
    )
    side = ax.get_yaxis_transform()
    for place in places[np.isnan(effects)]:
        mark = ax.plot(1.02, place, transform=side, clip_on=False, mec="black", ms=8, **look)
        mark[0].set_in_layout(True)
        ax.text(1.045, place, without_effect(label), transform=side, va="center", fontsize=10)


def cell_texts(ax, cells, mesh):
    for (row, column), value in np.ndenumerate(cells.to_numpy()):
        if np.isfinite(value):
            dark = mesh.norm(value) < 0.5
            ax.text(
                column,
                row,
                f"{value:.3f}",
                ha="center",
                va="center",
                color="white" if dark else "black",
                fontsize=9.5,
            )


def whole_ticks(axis):
    axis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def legend(ax, *, handles=None, **options):
    """Above the axes, where it covers no data."""
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    columns = min(len(handles), 4)
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, **options)


# Numbers in words


def number(value):
    if isinstance(value, str):
        return value
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def range_text(values):
    low, high = values.min(), values.max()
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def without_effect(verdict):
    return "proved" if verdict == "fault" else "not measured"


def finding_text(row):
    if np.isnan(row.effect):
        much = without_effect(row.verdict)
    elif np.isnan(row.low):
        much = f"{number(row.effect)}, proved"
    else:
        much = f"{number(row.effect)} [{number(row.low)}, {number(row.high)}]"
    return f"{row.code}, {row.severity}, {row.verdict}: {much}"


def mean_text(values, *, test_fraction=None):
    if len(values) < 2:
        return f"{number(float(values.iloc[0]))}, one value" if len(values) else "no value"
    mean, low, high = paired_interval(values, test_fraction=test_fraction)
    return f"mean {number(mean)} [{number(low)}, {number(high)}]"
