"""Says what was measured: a table of goals, one of times, JSON and a figure."""

import json
import math
import statistics
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from helpers._drawing import GREY, MARKERS, axes, described
from tests.benchmarks.contestants import CONTESTANTS
from tests.benchmarks.measuring import machine, to_dict
from tests.benchmarks.tasks import GOALS, TASKS

RUNNER = "lockstep"
# Okabe and Ito's palette; the markers tell the contestants apart in grey.
COLOURS = ("#D55E00", "#0072B2", "#000000", "#CC79A7", "#E69F00", "#009E73", "#56B4E9")
LOOKS = {
    name: {"color": colour, "marker": marker}
    for name, colour, marker in zip(CONTESTANTS, COLOURS, ("o", "s", *MARKERS), strict=True)
}


@dataclass(frozen=True)
class Outcome:
    """What became of one goal.

    Parameters
    ----------
    goal : Goal
    values : dict of str to float
        Of each contestant that ran the goal's tasks.
    """

    goal: object
    values: dict

    def figure(self, name):
        """How many times less than the rival's the contestant's value is; without a rival, the
        value itself. None if it was not measured."""
        rival = self.goal.against
        if name not in self.values or (rival and rival not in self.values):
            return None
        return self.values[rival] / self.values[name] if rival else self.values[name]

    @property
    def verdict(self):
        figure = self.figure(RUNNER)
        if figure is None:
            return "not measured"
        return "reached" if self.goal.reached(figure) else "missed"


def outcomes(goals, measured):
    """One `Outcome` per goal, from the measured tasks."""
    found = []
    for goal in goals:
        values = {}
        for name in CONTESTANTS:
            runs = [measured.get(task, {}).get(name) for task in goal.tasks]
            if all(run is not None and run.reason is None for run in runs):
                costs = [r.cost(TASKS[t]) for r, t in zip(runs, goal.tasks, strict=True)]
                values[name] = goal.value(*costs)
        found.append(Outcome(goal, values))
    return found


def number(value):
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def bound_of(goal):
    hoped = f", hoped {number(goal.hoped)}" if goal.hoped else ""
    return f"{'>=' if goal.against else '<='} {number(goal.bound)}{hoped}"


def markdown_table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def goals_table(found):
    """What lockstep reached."""
    rows = []
    for outcome in found:
        goal = outcome.goal
        rows.append([
            f"`{goal.name}` {goal.title}",
            f"times less than {CONTESTANTS[goal.against].title}" if goal.against else goal.unit,
            bound_of(goal), number(outcome.figure(RUNNER)), outcome.verdict,
        ])  # fmt: skip
    return markdown_table(["work", "measure", "goal", "lockstep", "verdict"], rows)


def values_table(found):
    """Goals that are not the time of a task, of all contestants."""
    rows = [
        [f"`{outcome.goal.name}`", outcome.goal.unit, CONTESTANTS[name].title, number(value)]
        for outcome in found
        if len(outcome.goal.tasks) > 1
        for name, value in outcome.values.items()
    ]
    return markdown_table(["work", "unit", "contestant", "value"], rows) if rows else ""


def spread(values):
    low, high = number(min(values)), number(max(values))
    return "" if low == high else f" ({low} to {high})"


def scores(own):
    sd = "" if math.isnan(own.accuracy_sd) else f" ± {own.accuracy_sd:.3f}"
    return f"{own.accuracy:.3f}{sd}"


def times_row(task, name, own, rival):
    title = [f"`{task}`", CONTESTANTS[name].title]
    if own.reason is not None:
        return [*title, *["-"] * 6, f"{'FAILED: ' if own.failed else ''}{own.reason}"]
    faster = "-"
    if rival is not None and rival.reason is None:
        faster = number(rival.cost(TASKS[task]) / own.cost(TASKS[task]))
    return [
        *title, number(statistics.median(own.seconds)) + spread(own.seconds),
        number(statistics.median(own.cpu_seconds)), faster,
        f"{np.mean(own.updates):.0f}", scores(own),
        f"{max(own.peak_mb):.0f}", "",
    ]  # fmt: skip


def times_table(measured):
    """Seconds beside scores: who trains less shows it."""
    rows = []
    for task, by_name in measured.items():
        goal = GOALS.get(task)
        rival = by_name.get(goal.against) if goal else None
        for name, own in by_name.items():
            if own.reason != "not asked in this task":
                rows.append(times_row(task, name, own, rival))
    head = ["task", "contestant", "seconds", "CPU seconds", "times faster", "updates a fit"]
    return markdown_table([*head, "accuracy", "peak MB", "remark"], rows)


def page(found, measured, repeats, quick):
    """Everything in Markdown."""
    here = machine()
    versions = ", ".join(f"{name} {version}" for name, version in here["versions"].items())
    warning = "\n**Shortened by --quick: the times mean nothing.**\n" if quick else ""
    return f"""# Bench
{warning}
{here["cores"]} cores, Python {here["python"]}, {versions}. Median of {repeats}
run{"s" if repeats > 1 else ""} (least to most), each in a new process, contestants in turn. "Times
faster": than the rival that the goal of the row names. Accuracy: mean over all fits; its SD is
that of fits of one candidate, over folds and seeds. CPU seconds: of all threads of the process;
fewer than the seconds, and something else had the machine.

{goals_table(found)}

{values_table(found)}

{times_table(measured)}
"""


def to_json(found, measured, repeats, quick):
    goals = [
        {
            "name": outcome.goal.name,
            "title": outcome.goal.title,
            "unit": outcome.goal.unit,
            "against": outcome.goal.against,
            "bound": outcome.goal.bound,
            "hoped": outcome.goal.hoped,
            "values": outcome.values,
            "figure": outcome.figure(RUNNER),
            "verdict": outcome.verdict,
        }
        for outcome in found
    ]
    content = {
        "version": 1, "repeats": repeats, "quick": quick, "machine": machine(),
        "goals": goals, "tasks": to_dict(measured),
    }  # fmt: skip
    return json.dumps(content, indent=1)


def plot_speed(found, *, ax=None):
    """How many times faster than its rival each contestant is, beside the goal of each row.

    Parameters
    ----------
    found : list of Outcome
        Those without a rival are left out.
    ax : Axes, default=None

    Returns
    -------
    Axes
    """
    found = [each for each in found if each.goal.against and each.goal.against in each.values]
    if not found:
        raise ValueError("found has no goal whose rival was measured: there is nothing to draw.")
    with axes(ax, height=1.9 + 0.55 * len(found)) as ax:
        ax.axvline(1, color=GREY, lw=1.2)
        for place, outcome in enumerate(found):
            ax.plot([outcome.goal.bound] * 2, [place - 0.36, place + 0.36], color=GREY, lw=4,
                    alpha=0.55, label="goal of lockstep" if place == 0 else None)  # fmt: skip
        for name, look in LOOKS.items():
            points = [(o.figure(name), i) for i, o in enumerate(found) if name in o.values]
            if points:
                ax.plot(*zip(*points, strict=True), ls="", mec="white", mew=0.6, **look,
                        label=CONTESTANTS[name].title)  # fmt: skip
        for place, outcome in enumerate(found):
            if RUNNER in outcome.values:
                figure = outcome.figure(RUNNER)
                ax.annotate(number(figure), (figure, place), (0, 8), textcoords="offset points",
                            ha="center", fontsize=9, color=LOOKS[RUNNER]["color"])  # fmt: skip
        _label(ax, found)
    return described(ax, _words(found))


def _label(ax, found):
    ax.set_xscale("log")
    ax.set_yticks(
        range(len(found)),
        [f"{o.goal.name}\nvs {CONTESTANTS[o.goal.against].title}" for o in found],
        fontsize=9,
    )
    ax.set(xlabel="times faster (log scale; right is faster)", ylim=(len(found) - 0.4, -0.6))
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y", visible=False)
    ax.figure.legend(loc="outside upper center", ncols=3, fontsize=9)


def _words(found):
    rows = []
    for each in found:
        figures = ", ".join(f"{name} {number(each.figure(name))}" for name in each.values)
        rows.append(f"{each.goal.name} (goal {number(each.goal.bound)}): {figures}")
    return f"Times faster than the rival of each row. {'; '.join(rows)}."


def write(folder, found, measured, repeats, quick):
    """``bench.md``, ``bench.json`` and ``bench.png``; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    text = page(found, measured, repeats, quick)
    (folder / "bench.md").write_text(text, encoding="utf-8")
    content = to_json(found, measured, repeats, quick)
    (folder / "bench.json").write_text(content, encoding="utf-8")
    if any(each.goal.against in each.values for each in found):
        drawn = plot_speed(found)
        description = {"Description": drawn.alt_text}
        drawn.figure.savefig(folder / "bench.png", dpi=150, metadata=description)
        plt.close(drawn.figure)
    return text
