"""The figures draw the numbers of their tables: artists are inspected, not pixels."""

import base64
import html
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from helpers import claims, figures
from helpers.figures import (
    ARMS,
    alt_text,
    plot_arms,
    plot_by_fit_order,
    plot_effects,
    plot_epochs,
    plot_findings,
    plot_heat,
    plot_learning_curves,
    plot_regret,
    plot_starts,
    show,
)
from helpers.intervals import paired_interval

FOLDS = pd.DataFrame(
    {
        "arm": ["fixed"] * 3 + ["faulty"] * 3,
        "repeat": 0,
        "fold": [0, 1, 2] * 2,
        "value": [0.90, 0.92, 0.91, 0.96, 0.99, 0.96],
    }
)
ORDER = pd.DataFrame(
    {
        "arm": ["faulty", "faulty", "fixed", "fixed"],
        "order": [1, 2, 1, 2],
        "value": [0.6, 0.9, 0.61, 0.59],
    }
)
CURVES = pd.DataFrame(
    {
        "candidate": ["lr 0.1"] * 4 + ["lr 0.01"] * 4,
        "fold": [0, 0, 1, 1] * 2,
        "epoch": [1, 2, 1, 2] * 2,
        "value": [0.5, 0.7, 0.7, 0.9, 0.4, 0.5, 0.4, 0.5],
    }
)
FITS = pd.DataFrame(
    {
        "arm": ["faulty", "faulty", "fixed", "fixed"],
        "epochs_asked": 30,
        "epochs_run": [1, 1, 30, 17],
    }
)
EFFECTS = claims.to_frame(
    [
        claims.Claim("leak/selection", "s", 0.8, 0.5, "AUC", (0.25, 0.35), True),
        claims.Claim("leak/imputer", "s", 0.5, 0.5, "AUC", (-0.02, 0.02), False),
    ]
)
REGRETS = pd.DataFrame(
    {"strategy": ["advice"] * 3 + ["ours"] * 3, "regret": [0.04, 0.05, 0.06, 0.0, 0.01, 0.0]}
)
SLIDE = pd.DataFrame(
    {
        "candidate": [0.1, 0.1, 0.01, 0.01, 0.01],
        "epochs": [1, 50, 1, 50, 50],
        "value": [0.7, 0.8, 0.5, 0.9, 0.94],
    }
)
STARTS = pd.DataFrame(
    {
        "fit": [0, 0, 1, 1],
        "position": [0, 1, 0, 1],
        "from_fit": pd.array([None, None, 0, None], dtype="Int64"),
    }
)
FINDINGS = pd.DataFrame(
    {
        "code": ["state/shared-weights", "budget/epochs-ignored", "leak/shared-groups"],
        "verdict": ["fault", "fault", "not the cause"],
        "severity": ["serious", "warning", "info"],
        "effect": [0.04, np.nan, 0.001],
        "low": [0.02, np.nan, -0.002],
        "high": [0.06, np.nan, 0.004],
    }
)
FIGURES = {
    plot_arms: FOLDS,
    plot_by_fit_order: ORDER,
    plot_learning_curves: CURVES,
    plot_epochs: FITS,
    plot_effects: EFFECTS,
    plot_findings: FINDINGS,
    plot_regret: REGRETS,
    plot_heat: SLIDE,
    plot_starts: STARTS,
}
NEVER_EMPTY = [plot for plot in FIGURES if plot is not plot_findings]
every_figure = pytest.mark.parametrize("plot", FIGURES, ids=lambda plot: plot.__name__)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    """What `show` gave to the notebook."""
    objects = []
    monkeypatch.setattr(figures, "display", objects.append)
    return objects


def lines_of(ax, color):
    return [line for line in ax.lines if to_hex(line.get_color()).upper() == color]


# What holds for all


@every_figure
def test_it_draws_on_the_axes_it_is_given(plot):
    _, mine = plt.subplots()
    assert plot(FIGURES[plot], ax=mine) is mine
    assert len(plt.get_fignums()) == 1


@every_figure
def test_it_leaves_table_and_global_settings_alone(plot):
    table, settings = FIGURES[plot].copy(), mpl.rcParams.copy()
    plot(table)
    pd.testing.assert_frame_equal(table, FIGURES[plot])
    assert mpl.rcParams == settings


@every_figure
def test_axes_are_labelled_and_fit_a_notebook(plot):
    ax = plot(FIGURES[plot])
    categorical = {"x": plot is plot_arms, "y": plot in (plot_effects, plot_findings, plot_regret)}
    for axis in "xy":
        assert categorical[axis] or getattr(ax, f"get_{axis}label")()
    assert ax.figure.get_size_inches()[0] == 8


@every_figure
def test_it_is_rendered_with_its_description(plot, shown):
    ax = plot(FIGURES[plot])
    text = alt_text(ax)
    show(ax)
    (picture,) = shown
    image = picture._repr_html_()
    assert repr(picture) == text
    assert html.unescape(re.search(r'<img alt="([^"]*)"', image)[1]) == text
    png = base64.b64decode(re.search(r"base64,([^\"]+)", image)[1])
    assert png.startswith(b"\x89PNG")
    assert plt.get_fignums() == []


@every_figure
def test_a_missing_column_is_named(plot):
    table = (
        FIGURES[plot].drop(columns=FIGURES[plot].columns[-1]).drop(columns="arm", errors="ignore")
    )
    with pytest.raises(ValueError, match=r"table lacks the column '\w+': it has \["):
        plot(table)


@pytest.mark.parametrize("plot", NEVER_EMPTY, ids=lambda plot: plot.__name__)
def test_a_table_without_rows_is_refused(plot):
    with pytest.raises(ValueError, match="table has no rows"):
        plot(FIGURES[plot].iloc[:0])


def test_arms_differ_in_colour_and_marker():
    assert len({look["color"] for look in ARMS.values()}) == 3
    assert len({look["marker"] for look in ARMS.values()}) == 3


@pytest.mark.parametrize("plot", [plot_arms, plot_by_fit_order, plot_epochs])
@pytest.mark.parametrize("arm", ["faulty", "fixed"])
def test_an_arm_keeps_colour_and_marker(plot, arm):
    ax = plot(FIGURES[plot])
    looks = [line.get_marker() for line in lines_of(ax, ARMS[arm]["color"])]
    assert ARMS[arm]["marker"] in looks


def test_a_foreign_axes_has_no_description():
    with pytest.raises(ValueError, match=r"accepts the Axes of a plot_\*"):
        show(plt.figure().subplots())


def test_a_figure_of_two_panels_is_described_whole(shown):
    _, (left, right) = plt.subplots(1, 2)
    plot_regret(REGRETS, ax=left)
    plot_by_fit_order(ORDER, ax=right)
    show(left)
    assert repr(shown[0]) == f"{alt_text(left)} {alt_text(right)}"


def test_descriptions_cannot_break_out_of_the_image(shown):
    ax = plot_regret(REGRETS.assign(strategy='"><script>'))
    show(ax)
    assert "<script>" not in shown[0]._repr_html_()


# Each one's numbers


def test_arms_are_paired_with_mean_and_interval():
    ax = plot_arms(FOLDS, label="accuracy")
    pairs = [line for line in ax.lines if len(line.get_xdata()) == 2]
    drawn = [line.get_ydata().tolist() for line in pairs if to_hex(line.get_color()) == "#595959"]
    assert drawn == [[0.96, 0.90], [0.99, 0.92], [0.96, 0.91]]
    (segment,) = ax.containers[0].lines[2][0].get_segments()
    _, low, high = paired_interval([0.96, 0.99, 0.96])
    assert segment[:, 1].tolist() == pytest.approx([low, high])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [
        "faulty\n(n = 3)",
        "fixed\n(n = 3)",
    ]
    assert alt_text(ax).startswith("accuracy, one dot per unit")
    assert f"faulty: mean 0.97 [{low:.3g}, {high:.3g}]" in alt_text(ax)


def test_intervals_of_reused_folds_are_wider():
    ax = plot_arms(FOLDS, test_fraction=0.5)
    (segment,) = ax.containers[0].lines[2][0].get_segments()
    expected = paired_interval([0.96, 0.99, 0.96], test_fraction=0.5)[1:]
    assert segment[:, 1].tolist() == pytest.approx(expected)


def test_candidates_of_a_unit_are_averaged_and_failed_ones_left_out():
    more = pd.concat([FOLDS, FOLDS.assign(value=lambda t: t["value"] + 0.02)])
    assert "faulty: mean 0.98" in alt_text(plot_arms(more))
    failed = FOLDS.assign(value=FOLDS["value"].where(FOLDS["arm"] == "fixed"))
    assert "faulty: no value; fixed: mean 0.91" in alt_text(plot_arms(failed))


def test_a_single_unit_has_no_interval():
    single = FOLDS[FOLDS["fold"] == 0]
    assert "faulty: 0.96, one value; fixed: 0.9, one value" in alt_text(plot_arms(single))


def test_arms_need_something_that_pairs_them():
    with pytest.raises(ValueError, match="none of the columns"):
        plot_arms(FOLDS[["arm", "value"]])


def test_fit_order_is_a_line_through_the_means():
    twice = pd.concat([ORDER, ORDER.assign(value=ORDER["value"] + 0.1)])
    ax = plot_by_fit_order(twice)
    faulty, fixed = ax.lines
    assert faulty.get_ydata().tolist() == pytest.approx([0.65, 0.95])
    assert fixed.get_xdata().tolist() == [1, 2]
    assert "faulty: from 0.65 in fit 1 to 0.95 in fit 2" in alt_text(ax)


def test_a_curve_per_candidate_with_the_range_of_its_folds():
    ax = plot_learning_curves(CURVES, label="accuracy")
    assert [line.get_ydata().tolist() for line in ax.lines] == [
        pytest.approx([0.6, 0.8]),
        pytest.approx([0.4, 0.5]),
    ]
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.5, 0.9))
    assert "lr 0.1: 0.8 after 2 epochs; lr 0.01: 0.5 after 2 epochs" in alt_text(ax)


def test_twenty_candidates_all_look_different():
    many = pd.DataFrame({"candidate": range(20), "epoch": 1, "value": 0.5})
    looks = [(line.get_color(), line.get_marker()) for line in plot_learning_curves(many).lines]
    assert len(set(looks)) == 20


def test_epochs_asked_and_run_are_drawn_per_fit():
    ax = plot_epochs(FITS)
    run = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
    assert run["run, faulty"] == [1, 1]
    assert run["run, fixed"] == [30, 17]
    assert "faulty: 2 fits: asked 30, ran 1; fixed: 2 fits: asked 30, ran 17 to 30" in alt_text(ax)


def test_effects_are_faulty_minus_fixed_around_zero():
    ax = plot_effects(EFFECTS, margin=0.005)
    drawn = {box.get_label(): box.lines[0].get_xdata().tolist() for box in ax.containers}
    assert drawn == {"claim holds": pytest.approx([0.3]), "claim does not hold": [0.0]}
    assert ax.get_xlabel() == "faulty - fixed (AUC)"
    (segment,) = ax.containers[0].lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([0.25, 0.35])
    assert any(list(line.get_xdata()) == [0, 0] for line in ax.lines)
    shade = ax.patches[0]
    assert (shade.get_x(), shade.get_width()) == pytest.approx((-0.005, 0.01))
    assert "leak/imputer: 0 [-0.02, 0.02], claim does not hold" in alt_text(ax)


def test_effects_of_two_units_have_no_common_axis():
    with pytest.raises(ValueError, match="claims in AUC, epochs: accepts one unit"):
        plot_effects(EFFECTS.assign(unit=["AUC", "epochs"]))


def test_regret_has_a_mean_and_interval_per_strategy():
    ax = plot_regret(REGRETS)
    (segment,) = ax.containers[0].lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx(paired_interval([0.04, 0.05, 0.06])[1:])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["advice", "ours"]
    assert "advice: mean 0.05" in alt_text(ax)


def test_the_winner_of_each_number_of_epochs_is_framed():
    ax = plot_heat(SLIDE, label="accuracy", row_label="learning rate")
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.7, 0.8], [0.5, 0.92]])
    frames = [(round(f.get_x() + 0.47), round(f.get_y() + 0.47)) for f in ax.patches]
    assert frames == [(0, 0), (1, 1)]
    assert [text.get_text() for text in ax.texts] == ["0.700", "0.800", "0.500", "0.920"]
    assert "best by epochs: 0.1 (0.7) at 1; 0.01 (0.92) at 50" in alt_text(ax)


def test_a_failed_candidate_does_not_win():
    failed = SLIDE.assign(value=SLIDE["value"].where(SLIDE["candidate"] == 0.1))
    assert "0.1 (0.7) at 1; 0.1 (0.8) at 50" in alt_text(plot_heat(failed))


def test_trained_starts_are_numbered_and_counted():
    ax = plot_starts(STARTS)
    assert [text.get_text() for text in ax.texts] == ["0"]
    assert alt_text(ax).endswith("1 of them started with weights that fits 0 had trained.")
    fresh = plot_starts(STARTS.assign(from_fit=pd.array([None] * 4, dtype="Int64")))
    assert alt_text(fresh).endswith("0 of them started with trained weights.")
