"""A report in a terminal."""

import re
from dataclasses import replace

import pytest
import reports

from helpers.diagnosis.findings import Outcome
from helpers.diagnosis.report import Report


def lines(report):
    return str(report).splitlines()


@pytest.mark.parametrize("make", [reports.rich, reports.healthy, reports.hostile])
def test_it_fits_80_columns_and_no_string_of_the_user_reaches_the_terminal_raw(make):
    text = str(make())
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    text.encode()
    assert repr(make()) == text


def test_each_finding_says_what_how_much_and_the_fix_worst_first():
    text = str(reports.rich())
    assert (
        "1. SERIOUS  state/shared-weights  0.0412 [0.021, 0.0614] accuracy\n"
        "   12 of 18 fits started from weights that another fit had trained\n"
        "   Fix: Hand over a function that builds the model.\n"
        "       KerasClassifier(build, epochs=30)\n"
    ) in text
    assert "2. WARNING  budget/epochs-ignored  proved\n" in text
    assert re.findall(r"^\d\. ([A-Z ]+)  ", text, re.M) == [
        "SERIOUS", "WARNING", "UNDECIDED", "NOT THE CAUSE",
    ]  # fmt: skip


def test_several_faults_are_told_apart():
    text = str(reports.rich())
    assert (
        "What mending each fault adds to the winner's accuracy\n"
        "   state/shared-weights\n"
        "     alone -0.041 [-0.061, -0.021]; when the others are mended not measured\n"
    ) in text
    assert "What mending" not in str(reports.healthy())


def test_details_have_the_evidence_and_how_it_was_tested():
    details = str(reports.rich()).partition("\nDetails\n")[2]
    assert "   first.source: 1\n" in details
    assert "   Tested: Compares the digest of each fit's first weights" in details
    assert "(a proof)." in details


def test_it_says_what_was_clean_what_was_not_checked_and_what_it_cost():
    text = str(reports.rich())
    assert "Checked and found clean (2)\n   search/all-tied, noise/winner-within-noise" in text
    assert "leak/future-rows: no column says when\n" in text
    assert "metric/loss-mismatch: crashed: KeyError: 'loss'\n" in text
    assert lines(reports.rich())[-1] == (
        "The checks cost 18 fits, 20.4 s; the search itself 19 fits, 24.9 s."
    )


def test_a_healthy_report_is_short_and_says_what_it_would_have_found():
    found = lines(reports.healthy())
    assert len(found) < 12
    assert found[1] == "No fault found. An effect of 0.016 accuracy or more would have shown."


def test_a_report_in_which_nothing_was_checked_does_not_call_it_healthy():
    report = Report([], [], 0.01, "accuracy", {}, {"fits": 0, "seconds": 0.0})
    assert lines(report)[:2] == ["Diagnosis of the search", "Nothing could be checked."]


def test_colour_is_for_those_who_ask():
    coloured = reports.rich().to_text(colour=True)
    assert "\x1b[1;31mSERIOUS\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == str(reports.rich())


def test_what_could_not_be_checked_for_one_reason_is_said_once():
    skipped = [
        Outcome(name, (code,), "skipped", "needs folds")
        for name, code in (
            ("one", "leak/future-rows"),
            ("two", "search/all-tied"),
            ("three", "search/all-tied"),
        )
    ]
    text = str(replace(reports.healthy(), checks=skipped))
    assert "Not checked (3)\n   leak/future-rows, search/all-tied: needs folds\n" in text
