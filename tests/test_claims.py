"""Claims: computed in pairs, written whole, read back as they were."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import claims, files
from helpers.claims import Claim

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
CLAIMS = st.builds(
    lambda ends, **rest: Claim(interval=tuple(sorted(ends)), **rest),
    ends=st.tuples(FINITE, FINITE),
    case=st.text(),
    statement=st.text(),
    faulty=FINITE,
    fixed=FINITE,
    unit=st.text(),
    holds=st.booleans(),
)
QUESTION = {"case": "state/x", "statement": "It differs.", "unit": "accuracy"}


def claim(**changes):
    values = {"faulty": 1.0, "fixed": 0.5, "interval": (0.4, 0.6), "holds": True}
    return Claim(**QUESTION | values | changes)


def table(values, **changes):
    n = len(values)
    keys = {"repeat": np.arange(n) // 2, "fold": np.arange(n) % 2}
    return pd.DataFrame(keys | {"value": values} | changes)


class TestClaim:
    def test_numpy_numbers_become_plain(self):
        made = claim(faulty=np.float32(1), holds=np.True_, interval=np.array([0.25, 0.5]))
        assert [type(x) for x in (made.faulty, made.holds, *made.interval)] == [
            float, bool, float, float,
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "bad", [{"faulty": math.nan}, {"fixed": math.inf}, {"interval": (math.nan, 1.0)}]
    )
    def test_what_is_not_finite_is_refused(self, bad):
        with pytest.raises(ValueError, match=r"claim 'state/x': .*accepts finite numbers"):
            claim(**bad)

    def test_an_interval_upside_down_is_refused(self):
        with pytest.raises(ValueError, match=r"interval=\(1.0, 0.0\): accepts low <= high"):
            claim(interval=(1.0, 0.0))


class TestCompare:
    @pytest.mark.parametrize(
        ("shift", "noise", "expect", "margin", "holds"),
        [
            (0.3, 0.01, "higher", 0.1, True),
            (0.3, 0.01, "higher", 0.3, False),  # the interval reaches below the margin
            (0.3, 0.01, "lower", 0.1, False),
            (-0.3, 0.01, "lower", 0.1, True),
            (0.0, 0.001, "same", 0.01, True),
            (0.0, 0.3, "same", 0.01, False),  # too noisy to say that it is the same
            (0.3, 0.001, "same", 0.01, False),
        ],
    )
    def test_holds_only_if_the_whole_interval_does(self, shift, noise, expect, margin, holds):
        fixed = np.linspace(0.5, 0.6, 8)
        faulty = fixed + shift + noise * np.array([1, -1] * 4)
        made = claims.compare(table(faulty), table(fixed), expect=expect, margin=margin, **QUESTION)
        assert made.holds is holds
        assert made.interval[0] <= shift + 1e-12
        assert made.interval[1] >= shift - 1e-12

    def test_pairs_by_key_not_by_row(self):
        fixed = table([0.1, 0.5, 0.7, 0.9])
        faulty = fixed.assign(value=fixed["value"] + 0.2).sample(frac=1, random_state=0)
        made = claims.compare(faulty, fixed, expect="higher", margin=0.1, **QUESTION)
        assert made.interval == pytest.approx((0.2, 0.2))

    def test_candidates_are_averaged_first(self):
        fixed = pd.concat([table([0.1, 0.2], candidate=i) for i in range(3)])
        faulty = pd.concat([table([0.3 + i, 0.5 + i], candidate=i) for i in range(3)])
        made = claims.compare(faulty, fixed, expect="higher", margin=0.0, **QUESTION)
        assert (made.faulty, made.fixed) == pytest.approx((1.4, 0.15))

    def test_reused_folds_widen_the_interval(self):
        arms = table([0.7, 0.9, 0.8, 0.8]), table([0.5, 0.6, 0.7, 0.5])
        plain, corrected = (
            claims.compare(*arms, expect="higher", margin=0, test_fraction=f, **QUESTION).interval
            for f in (None, 0.5)
        )
        assert corrected[0] < plain[0] < plain[1] < corrected[1]

    def test_other_keys_and_column(self):
        arms = [pd.DataFrame({"seed": [0, 1], "epochs_run": runs}) for runs in ([1, 1], [30, 30])]
        made = claims.compare(
            *arms, on=["seed"], value="epochs_run", expect="lower", margin=1, **QUESTION
        )
        assert (made.faulty, made.fixed, made.interval) == (1, 30, (-29, -29))

    @pytest.mark.parametrize(
        ("faulty", "fixed", "message"),
        [
            (table([1.0, 2]).drop(columns="fold"), table([1.0, 2]), "faulty: no column 'fold'"),
            (table([1.0, 2]), table([1.0, 2]).drop(columns="value"), "fixed: no column 'value'"),
            (table([1.0, math.nan]), table([1.0, 2]), "faulty: 1 row(s) without a finite number"),
            (table([1.0, 2]), table([1.0, math.inf]), "fixed: 1 row(s) without a finite number"),
            (table([1.0, 2], fold=[0, None]), table([1.0, 2]), "first {'repeat': 0.0, 'fold': nan"),
            (table([1.0, 2, 3, 4]), table([1.0, 2]), "2 pair(s) only in faulty, the first at rep"),
            (table([1.0, 2]), table([1.0, 2, 3]), "1 pair(s) only in fixed, the first at repeat=1"),
        ],
    )
    def test_tables_that_do_not_pair_up_are_refused(self, faulty, fixed, message):
        with pytest.raises(ValueError) as caught:
            claims.compare(faulty, fixed, expect="higher", margin=0, **QUESTION)
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        ("question", "message"),
        [
            ({"expect": "up", "margin": 0}, "expect='up': accepts 'higher', 'lower', 'same'"),
            ({"expect": "higher", "margin": -1}, "margin=-1: with expect='higher' accepts"),
            ({"expect": "same", "margin": 0}, "margin=0: with expect='same' accepts a number > 0"),
            ({"expect": "lower", "margin": math.nan}, "margin=nan"),
        ],
    )
    def test_questions_that_make_no_sense_are_refused(self, question, message):
        with pytest.raises(ValueError) as caught:
            claims.compare(table([1.0, 2]), table([1.0, 2]), **question, **QUESTION)
        assert message in str(caught.value)


class TestFiles:
    @given(st.lists(CLAIMS, max_size=3))
    def test_reading_gives_back_what_was_written(self, tmp_path_factory, made):
        path = tmp_path_factory.mktemp("claims") / "sub" / "01.claims.json"
        claims.write(made, path, notebook="01_x")
        assert claims.read(path) == [Claim(**vars(one) | {"notebook": "01_x"}) for one in made]

    def test_the_format_is_the_contract(self, tmp_path):
        paths = [
            claims.write([claim()], tmp_path / f"{stem}.json", stem) for stem in ("02_b", "01_a")
        ]
        claims.save(claims.gather(paths), tmp_path / "claims.json")
        content = json.loads((tmp_path / "claims.json").read_text())
        assert list(content) == ["version", "claims"]
        assert content["version"] == 1
        assert [one["notebook"] for one in content["claims"]] == ["02_b", "01_a"]
        assert list(content["claims"][0]) == [
            "notebook", "case", "statement", "faulty", "fixed", "unit", "interval", "holds",
        ]  # fmt: skip

    def test_a_write_that_breaks_off_leaves_the_old_file_alone(self, tmp_path, monkeypatch):
        path = claims.write([claim()], tmp_path / "claims.json", "01_a")
        before = path.read_text()

        def full_disk(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(files.os, "replace", full_disk)
        with pytest.raises(OSError, match="No space left"):
            claims.write([claim()], path, "01_b")
        assert path.read_text() == before
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{"version": 1, "cla', "not a JSON file"),
            ('{"version": 2, "claims": []}', 'accepts {"version": 1'),
            ("[]", 'accepts {"version": 1'),
            ('{"version": 1, "claims": [{"case": "a"}]}', "claim 0 has no field 'notebook'"),
        ],
    )
    def test_files_that_are_no_claims_are_named(self, tmp_path, text, message):
        path = tmp_path / "claims.json"
        path.write_text(text)
        with pytest.raises(ValueError) as caught:
            claims.read(path)
        assert str(path) in str(caught.value)
        assert message in str(caught.value)


class TestTables:
    def test_frame_has_a_row_per_claim(self):
        frame = claims.to_frame([claim(), claim(holds=False)])
        assert list(frame.columns) == [
            "notebook", "case", "statement", "faulty", "fixed", "unit", "low", "high", "holds",
        ]  # fmt: skip
        assert frame["holds"].tolist() == [True, False]
        assert claims.to_frame([]).columns.tolist() == frame.columns.tolist()

    def test_text_wraps_statements_and_says_what_fails(self):
        long = claim(statement="word " * 60, holds=False, notebook="01_a")
        lines = claims.to_text([claim(notebook="01_a"), long], width=80).splitlines()
        assert lines[0] == "01_a"
        assert sum(line.startswith("  FAILS  state/x  ") for line in lines) == 1
        assert max(len(line) for line in lines if "word" in line) <= 80
