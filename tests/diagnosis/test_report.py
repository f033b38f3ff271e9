"""A report as values, as a JSON file, as an exception, as a figure."""

import json
from pathlib import Path

import jsonschema
import matplotlib.pyplot as plt
import numpy as np
import pytest
import reports

from helpers import diagnosis
from helpers.diagnosis import findings
from helpers.diagnosis.plain import plain
from helpers.diagnosis.report import Report
from helpers.errors import DiagnosisError
from helpers.figures import alt_text

SCHEMA = json.loads((Path(diagnosis.__file__).parent / "report.schema.json").read_text())
every_report = pytest.mark.parametrize("make", [reports.rich, reports.healthy, reports.hostile])


def no_constant(name):
    raise AssertionError(f"{name} is no JSON")


@every_report
class TestContent:
    def test_it_is_as_the_schema_says(self, make):
        jsonschema.Draft202012Validator(SCHEMA).validate(make().to_dict())

    def test_json_is_the_content_and_has_no_nan(self, make):
        report = make()
        assert json.loads(report.to_json(), parse_constant=no_constant) == report.to_dict()

    def test_the_file_holds_it_whole(self, make, tmp_path):
        report = make()
        text = report.to_json(tmp_path / "new" / "report.json")
        written = (tmp_path / "new" / "report.json").read_text(encoding="utf-8")
        assert json.loads(written) == json.loads(text)

    def test_a_report_comes_back_from_its_content(self, make):
        content = make().to_dict()
        back = Report.from_dict(content)
        assert back.to_dict() == content
        assert str(back).splitlines()[:4] == str(make()).splitlines()[:4]


def test_the_schema_is_one_and_knows_the_words_of_findings():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    finding = SCHEMA["$defs"]["finding"]["properties"]
    assert tuple(finding["verdict"]["enum"]) == findings.VERDICTS
    assert tuple(finding["severity"]["enum"]) == findings.SEVERITIES
    assert Report.from_dict({**reports.rich().to_dict()}).findings
    validator = jsonschema.Draft202012Validator(SCHEMA["$defs"]["code"])
    assert all(validator.is_valid(code) for code in findings.CODES)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.update(version=2),
        lambda content: content.update(extra=1),
        lambda content: content["findings"][0].update(verdict="guilty"),
        lambda content: content["findings"][0].pop("fix"),
        lambda content: content["checks"][0].update(fits=-1),
    ],
)
def test_the_schema_refuses_what_is_no_report(spoil):
    content = reports.rich().to_dict()
    spoil(content)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(content)


def test_plain_values_have_no_type_of_their_own():
    value = {"a": np.bool_(True), 1: (np.inf, {3, 2}), "b": np.datetime64("2026-01-02"), "c": None}
    expected = {"a": True, "1": [None, [2, 3]], "b": "2026-01-02", "c": None}
    assert plain(value) == expected
    assert type(plain(value)["a"]) is bool


@pytest.mark.parametrize("content", [{"version": 2}, [], {}])
def test_content_of_another_version_is_refused(content):
    with pytest.raises(ValueError) as caught:
        Report.from_dict(content)
    assert str(caught.value) == 'accepts the content of a report of {"version": 1}.'


class TestFaults:
    def test_worst_come_first(self):
        codes = [finding.code for finding in reports.rich().findings]
        assert codes == [
            "state/shared-weights",
            "budget/epochs-ignored",
            "budget/still-improving",
            "leak/preparation-saw-test-rows",
        ]

    def test_raise_if_lists_faults_of_at_least_that_severity(self):
        with pytest.raises(DiagnosisError) as caught:
            reports.rich().raise_if("serious")
        assert str(caught.value) == (
            "1 fault of severity 'serious' or worse:\n"
            "- state/shared-weights (serious): 12 of 18 fits started from weights that another "
            "fit had trained Fix: Hand over a function that builds the model."
        )
        assert [finding.code for finding in caught.value.findings] == ["state/shared-weights"]
        with pytest.raises(DiagnosisError, match="2 faults of severity 'info' or worse"):
            reports.rich().raise_if("info")

    def test_raise_if_lets_pass_what_is_no_fault(self):
        reports.healthy().raise_if("info")
        reports.hostile().raise_if("info")

    def test_raise_if_refuses_another_severity(self):
        with pytest.raises(ValueError) as caught:
            reports.healthy().raise_if("seriuos")
        assert str(caught.value) == (
            "severity='seriuos': accepted are 'serious', 'warning', 'info'. Did you mean 'serious'?"
        )


class TestPlot:
    @pytest.fixture(autouse=True)
    def close_figures(self):
        yield
        plt.close("all")

    def test_it_draws_every_finding_worst_on_top(self):
        ax = reports.rich().plot()
        labels = [label.get_text() for label in ax.get_yticklabels()]
        places = dict(zip(labels, ax.get_yticks(), strict=True))
        assert max(places, key=places.get) == "state/shared-weights"
        assert [text.get_text() for text in ax.texts] == ["proved"]
        assert "budget/epochs-ignored, warning, fault: proved" in alt_text(ax)
        assert "state/shared-weights, serious, fault: 0.0412 [0.021, 0.0614]" in alt_text(ax)

    def test_without_findings_it_says_so(self):
        ax = reports.healthy().plot()
        assert [text.get_text() for text in ax.texts] == ["no findings"]
        assert alt_text(ax).endswith("No findings.")

    def test_strings_of_the_user_are_drawn_as_they_are_written(self):
        ax = reports.hostile().plot()
        ax.figure.canvas.draw()
        assert [text.get_text() for text in ax.texts] == ["not measured"]

    def test_it_draws_on_the_axes_it_is_given(self):
        _, mine = plt.subplots()
        assert reports.rich().plot(mine) is mine
