"""The figures of the notebooks: each draws one plain table, and computes nothing but intervals.

Every function takes a table, and the `Axes` to draw on if there is one, and returns the `Axes`.
Faulty, fixed and control keep one colour and one marker in all of them (Okabe and Ito's palette,
which colour-blind readers can tell apart; the markers tell them apart in grey). Each figure
carries a description in words, made from the numbers drawn: see `alt_text` and `show`.

>>> import pandas as pd
>>> from helpers.figures import alt_text, plot_epochs
>>> fits = pd.DataFrame({"epochs_asked": [30, 30], "epochs_run": [1, 1]})
>>> print(alt_text(plot_epochs(fits)))
Epochs asked and epochs run, one mark per fit. 2 fits: asked 30, ran 1.
"""

import base64
import html
import io
from textwrap import fill

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from helpers import _drawing as drawing
from helpers._drawing import ARMS, described, number

__all__ = [
    "ARMS",
    "alt_text",
    "plot_arms",
    "plot_by_fit_order",
    "plot_effects",
    "plot_epochs",
    "plot_findings",
    "plot_heat",
    "plot_learning_curves",
    "plot_regret",
    "plot_starts",
    "show",
]

# What a figure says in words


def alt_text(ax):
    """The description of a figure of this module, for readers who do not see it.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    str

    Raises
    ------
    ValueError
        The figure is not one of this module's.
    """
    text = getattr(ax, "alt_text", None)
    if not text:
        raise ValueError("ax has no description: accepts the Axes of a plot_* of helpers.figures.")
    return text


def show(ax, *, dpi=110):
    """Display a figure in a notebook, as a PNG that carries its description.

    The figure is closed, so that the notebook does not draw it a second time.

    Parameters
    ----------
    ax : Axes
        From a ``plot_*`` of this module. The other axes of its figure are described with it.
    dpi : int, default=110

    Notes
    -----
    Displayed as ``<img alt=...>``: nbconvert's HTML has no place for the description of a bare
    PNG output. In a terminal the description is printed.
    """
    alt_text(ax)  # one of ours, or an error
    parts = (getattr(each, "alt_text", None) for each in ax.figure.axes)
    text = " ".join(part for part in parts if part)
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=dpi, metadata={"Description": text})
    plt.close(ax.figure)
    display(_Picture(buffer.getvalue(), text))


class _Picture:
    """A PNG with its description: an image in a notebook, the description in a terminal."""

    def __init__(self, png, text):
        self.png, self.text = png, text

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        data = base64.b64encode(self.png).decode()
        alt = html.escape(self.text)
        return f'<img alt="{alt}" style="max-width:100%" src="data:image/png;base64,{data}">'


#: Characters that fit along the axis of a low figure.
LABEL_WIDTH = 34
FINDING_COLUMNS = ("code", "verdict", "severity", "effect", "low", "high")

# The figures


def plot_arms(table, *, label="value", by=("repeat", "fold"), test_fraction=None, ax=None):
    """Faulty against fixed, pair by pair, with each arm's mean and 95 % interval.

    Parameters
    ----------
    table : DataFrame
        Columns ``arm`` and ``value``, and those of `by` that there are: rows equal in them are
        one unit. Candidates within a unit are averaged.
    label : str, default="value"
        What ``value`` is, with its unit.
    by : tuple of str
        Columns that pair the arms.
    test_fraction : float, default=None
        Test rows per training row, where the units are folds of one data set: the intervals are
        then as wide as `helpers.intervals.paired_interval` says. None: units are independent.
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require(table, "table", "arm", "value")
    units = drawing.units(table, by)
    with drawing.axes(ax, height=3.6) as ax:
        parts, places = [], range(units.shape[1])
        ax.plot(places, units.to_numpy().T, color=drawing.GREY, alpha=0.45, lw=1, zorder=1)
        for place, arm in enumerate(units):
            values, look = units[arm].dropna(), drawing.look(arm)
            drawing.dots(ax, np.full(len(values), place), values, look)
            drawing.mean_bar(ax, place + 0.2, values, look["color"], test_fraction=test_fraction)
            parts.append(f"{arm}: {drawing.mean_text(values, test_fraction=test_fraction)}")
        ax.set_xticks(places, [f"{arm}\n(n = {units[arm].count()})" for arm in units])
        ax.set(xlim=(-0.5, len(places) - 0.3), ylabel=fill(label, LABEL_WIDTH))
        ax.grid(axis="x", visible=False)
        drawing.mean_legend(ax)
    return described(ax, f"{label}, one dot per unit, paired between arms. {'; '.join(parts)}.")


def plot_by_fit_order(table, *, label="value", ax=None):
    """A value against the position of its fit in time: state that travels makes it climb.

    Parameters
    ----------
    table : DataFrame
        Columns ``arm``, ``order`` (1 for the first fit) and ``value``; rows of one arm and order
        (repetitions) are dots around one line through their means.
    label : str, default="value"
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require(table, "table", "arm", "order", "value")
    with drawing.axes(ax, height=3.6) as ax:
        parts = []
        for arm in drawing.arms_of(table):
            rows = table[table["arm"] == arm]
            means = rows.groupby("order")["value"].mean()
            if len(rows) > len(means):
                ax.scatter(rows["order"], rows["value"], s=14, alpha=0.4, **drawing.look(arm), lw=0)
            ax.plot(means.index, means, label=arm, **drawing.look(arm))
            parts.append(
                f"{arm}: from {number(means.iloc[0])} in fit {number(means.index[0])} "
                f"to {number(means.iloc[-1])} in fit {number(means.index[-1])}"
            )
        ax.set(xlabel="position of the fit in time", ylabel=label)
        drawing.whole_ticks(ax.xaxis)
        drawing.legend(ax)
    return described(ax, f"{label} by position of the fit in time. {'; '.join(parts)}.")


def plot_learning_curves(table, *, label="value", ax=None):
    """A metric by epoch, one line per candidate.

    Parameters
    ----------
    table : DataFrame
        Columns ``epoch``, ``value`` and ``candidate``; other rows of one candidate and epoch
        (folds) are averaged, their range shaded. Candidates that are arms look like them.
    label : str, default="value"
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require(table, "table", "epoch", "value", "candidate")
    with drawing.axes(ax, height=3.8) as ax:
        parts = []
        for position, (candidate, rows) in enumerate(table.groupby("candidate", sort=False)):
            curve = rows.groupby("epoch")["value"].agg(["mean", "min", "max"])
            look = drawing.look(candidate, position)
            every = max(1, len(curve) // 8)
            ax.plot(curve.index, curve["mean"], label=str(candidate), markevery=every, **look)
            ax.fill_between(
                curve.index, curve["min"], curve["max"], color=look["color"], alpha=0.15, lw=0
            )
            best = curve["mean"].iloc[-1]
            parts.append(f"{candidate}: {number(best)} after {number(curve.index[-1])} epochs")
        ax.set(xlabel="epoch", ylabel=label)
        drawing.whole_ticks(ax.xaxis)
        drawing.legend(ax, title="candidate", alignment="left")
    return described(ax, f"{label} by epoch. {'; '.join(parts)}.")


def plot_epochs(table, *, ax=None):
    """Epochs asked and epochs run, one mark per fit.

    Parameters
    ----------
    table : DataFrame
        Columns ``epochs_asked`` and ``epochs_run``, as from `FitRecorder.to_frame`; ``arm`` if
        there are several, which follow one another.
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require(table, "table", "epochs_asked", "epochs_run")
    table = table if "arm" in table else table.assign(arm="fits")
    with drawing.axes(ax, height=3.2) as ax:
        parts, first = [], 1
        for arm in drawing.arms_of(table):
            rows = table[table["arm"] == arm]
            order = np.arange(first, first + len(rows))
            first += len(rows)
            look = drawing.look(arm)
            ax.hlines(rows["epochs_asked"], order - 0.4, order + 0.4, color=drawing.GREY, lw=2)
            ax.vlines(order, 0, rows["epochs_run"], color=look["color"], alpha=0.35, lw=2)
            ax.plot(order, rows["epochs_run"], ls="", label=f"run, {arm}", **look)
            name = "" if arm == "fits" else f"{arm}: "
            asked, ran = (
                drawing.range_text(rows["epochs_asked"]),
                drawing.range_text(rows["epochs_run"]),
            )
            parts.append(f"{name}{len(rows)} fits: asked {asked}, ran {ran}")
        ax.plot([], [], color=drawing.GREY, lw=2, label="asked")
        ax.set(xlabel="fit, in order of time", ylabel="epochs", xlim=(0.4, first - 0.4))
        ax.set_ylim(0, 1.08 * max(table["epochs_asked"].max(), table["epochs_run"].max()))
        drawing.whole_ticks(ax.xaxis)
        drawing.whole_ticks(ax.yaxis)
        ax.grid(axis="x", visible=False)
        drawing.legend(ax)
    return described(ax, f"Epochs asked and epochs run, one mark per fit. {'; '.join(parts)}.")


def plot_effects(table, *, margin=None, label=None, ax=None):
    """Effects of several faults with their 95 % intervals, around no effect.

    Parameters
    ----------
    table : DataFrame
        One row per claim, as from `helpers.claims.to_frame`: ``case``, ``faulty``, ``fixed``,
        ``low``, ``high``, ``holds``, ``unit``. Effects are faulty minus fixed. Claims of one
        unit: different ones have no common axis.
    margin : float, default=None
        Effects within plus and minus this are shaded: too small to matter.
    label : str, default=None
        Of the axis; None: made from the unit.
    ax : Axes, default=None

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Claims of several units.
    """
    drawing.require(table, "table", "case", "faulty", "fixed", "low", "high", "holds", "unit")
    units = sorted(set(table["unit"]))
    if len(units) > 1:
        raise ValueError(f"table has claims in {', '.join(units)}: accepts one unit per figure.")
    effects = (table["faulty"] - table["fixed"]).to_numpy()
    with drawing.axes(ax, height=1.3 + 0.36 * len(table)) as ax:
        if margin is not None:
            ax.axvspan(-margin, margin, color="#EDEDED", lw=0, label=f"within ±{number(margin)}")
        ax.axvline(0, color=drawing.GREY, lw=1.2)
        holds = table["holds"].to_numpy(dtype=bool)
        places = np.arange(len(table))[::-1]
        for mask, face, text in ((holds, "black", "holds"), (~holds, "white", "does not hold")):
            if mask.any():
                drawing.intervals(ax, effects, places, table, mask, face, f"claim {text}")
        ax.set_yticks(places, table["case"])
        ax.set(xlabel=label or f"faulty - fixed ({units[0]})", ylim=(-0.6, len(table) - 0.4))
        ax.grid(axis="y", visible=False)
        drawing.legend(ax)
    rows = zip(table["case"], effects, table["low"], table["high"], holds, strict=True)
    parts = [
        f"{case}: {number(effect)} [{number(low)}, {number(high)}]"
        f"{'' if held else ', claim does not hold'}"
        for case, effect, low, high, held in rows
    ]
    return described(ax, f"Faulty minus fixed in {units[0]}, 95 % intervals. {'; '.join(parts)}.")


def plot_regret(table, *, label="regret (accuracy)", ax=None):
    """Regret of each search strategy: what its winner lost against the best candidate.

    Parameters
    ----------
    table : DataFrame
        Columns ``strategy`` and ``regret``, one row per repetition.
    label : str, default="regret (accuracy)"
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require(table, "table", "strategy", "regret")
    groups = [
        (name, rows["regret"].dropna()) for name, rows in table.groupby("strategy", sort=False)
    ]
    with drawing.axes(ax, height=1.4 + 0.6 * len(groups)) as ax:
        parts = []
        for position, (strategy, regrets) in enumerate(groups):
            place, look = len(groups) - 1 - position, drawing.look(strategy, position)
            drawing.dots(ax, regrets, np.full(len(regrets), place), look)
            drawing.mean_bar(ax, place - 0.22, regrets, look["color"], horizontal=True)
            parts.append(f"{strategy}: {drawing.mean_text(regrets)}, n = {len(regrets)}")
        ax.axvline(0, color=drawing.GREY, lw=1.2)
        ax.set_yticks(range(len(groups))[::-1], [name for name, _ in groups])
        ax.set(xlabel=label, ylim=(-0.6, len(groups) - 0.4))
        ax.grid(axis="y", visible=False)
        drawing.mean_legend(ax)
    return described(ax, f"{label} per search strategy. {'; '.join(parts)}.")


def plot_heat(table, *, label="score", row_label="candidate", ax=None):
    """Score by candidate and epochs, the winner of each number of epochs framed.

    Parameters
    ----------
    table : DataFrame
        Columns ``candidate``, ``epochs`` and ``value``; further rows of one cell are averaged.
        Candidates are drawn in their order of appearance.
    label, row_label : str
        What the value and the candidate are (``"learning rate"``).
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require(table, "table", "candidate", "epochs", "value")
    cells = table.groupby(["candidate", "epochs"])["value"].mean().unstack("epochs")
    cells = cells.loc[table["candidate"].drop_duplicates()]
    with drawing.axes(ax, height=1.5 + 0.42 * len(cells)) as ax:
        mesh = ax.imshow(cells, aspect="auto", cmap="cividis")
        ax.figure.colorbar(mesh, ax=ax, label=label, pad=0.02)
        drawing.cell_texts(ax, cells, mesh)
        winners = cells.fillna(-np.inf).to_numpy().argmax(axis=0)
        for column, row in enumerate(winners):
            corner = (column - 0.47, row - 0.47)  # inside the cell, or the edge of the axes cuts it
            ax.add_patch(mpl.patches.Rectangle(corner, 0.94, 0.94, fill=False, ec="#D55E00", lw=3))
        ax.set_xticks(range(cells.shape[1]), [number(each) for each in cells])
        ax.set_yticks(range(len(cells)), [number(each) for each in cells.index])
        ax.set(xlabel="epochs (frame: winner at this number of epochs)", ylabel=row_label)
        ax.grid(visible=False)
    parts = [
        f"{number(cells.index[row])} ({number(cells[epochs].iloc[row])}) at {number(epochs)}"
        for epochs, row in zip(cells, winners, strict=True)
    ]
    return described(ax, f"{label} by {row_label} and epochs; best by epochs: {'; '.join(parts)}.")


def plot_starts(table, *, ax=None):
    """What the weights of each fit started from: fits as rows, weight variables as columns.

    A cell is pale where the variable started with values that no earlier fit had trained, and has
    the colour and the number of the fit that trained them where one had: the leak, if there is
    one.

    Parameters
    ----------
    table : DataFrame
        Columns ``fit``, ``position`` and ``from_fit``, as from `FitRecorder.starts`.
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require(table, "table", "fit", "position", "from_fit")
    cells = table.pivot(index="fit", columns="position", values="from_fit")
    origins = cells.to_numpy(dtype=float, na_value=np.nan)
    known = table.set_index(["fit", "position"]).index
    fits = sorted(table["from_fit"].dropna().unique())
    palette = mpl.colormaps["viridis"].resampled(max(2, len(cells)))
    with drawing.axes(ax, height=1.5 + 0.32 * len(cells)) as ax:
        for row, fit in enumerate(cells.index):
            for column, position in enumerate(cells.columns):
                if (fit, position) not in known:
                    continue
                origin = origins[row, column]
                fresh = np.isnan(origin)
                colour = "#eeeeee" if fresh else palette(int(origin))
                ax.add_patch(mpl.patches.Rectangle(
                    (column - 0.5, row - 0.5), 1, 1, fc=colour, ec="white", lw=2
                ))  # fmt: skip
                if not fresh:
                    pale = mpl.colors.rgb_to_hsv(colour[:3])[2] > 0.7
                    ax.text(column, row, f"{int(origin)}", ha="center", va="center",
                            color="black" if pale else "white")  # fmt: skip
        ax.set(
            xlim=(-0.5, cells.shape[1] - 0.5), ylim=(len(cells) - 0.5, -0.5), ylabel="fit",
            xlabel="weight variable (number: the earlier fit that trained its first values)",
        )  # fmt: skip
        ax.set_xticks(range(cells.shape[1]), [number(each) for each in cells.columns])
        ax.set_yticks(range(len(cells)), [number(each) for each in cells.index])
        ax.grid(visible=False)
    started = int((~np.isnan(origins)).any(axis=1).sum())
    from_fits = ", ".join(number(each) for each in fits)
    return described(
        ax,
        f"What the weights of {len(cells)} fits started from. {started} of them started with "
        + (f"weights that fits {from_fits} had trained." if started else "trained weights."),
    )


def plot_findings(table, *, score_name="score", margin=None, ax=None):
    """Findings of a diagnosis: effects with their 95 % intervals, worst first.

    Parameters
    ----------
    table : DataFrame
        Columns ``code``, ``verdict``, ``severity``, ``effect``, ``low``, ``high``, a row a
        finding in the order of the report. No effect: proved, and named so at the side. No
        rows: a figure that says so.
    score_name : str, default="score"
    margin : float, default=None
        Effects within plus and minus this are shaded: too small to matter.
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    drawing.require_columns(table, "table", *FINDING_COLUMNS)
    with drawing.axes(ax, height=1.5 + 0.45 * max(1, len(table))) as ax:
        ax.axvline(0, color=drawing.GREY, lw=1.2)
        if margin is not None:
            ax.axvspan(-margin, margin, color="#EDEDED", lw=0, label=f"within ±{number(margin)}")
        places = np.arange(len(table))[::-1]
        for verdict, look in drawing.VERDICTS.items():
            mask = (table["verdict"] == verdict).to_numpy()
            if mask.any():
                drawing.findings(ax, table[mask], places[mask], look, verdict)
        ax.set_yticks(places, table["code"])
        ax.set_xlabel(f"effect ({score_name})", parse_math=False)
        ax.set_ylim(-0.6, max(1, len(table)) - 0.4)
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(nbins=6))
        ax.grid(axis="y", visible=False)
        if table.empty:
            ax.set_xlim(np.array([-1, 1]) * (2 * margin if margin else 1))
            ax.text(0.875, 0.5, "no findings", transform=ax.transAxes, ha="center", va="center")
        if ax.get_legend_handles_labels()[0]:
            drawing.legend(ax)
    parts = [drawing.finding_text(row) for row in table.itertuples()]
    head = f"Effects on the {score_name}, 95 % intervals, worst first"
    return described(ax, f"{head}. {'; '.join(parts) or 'No findings'}.")
