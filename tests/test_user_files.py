"""A user's own file: what is read, and what each bad file is told."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from helpers import datasets


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 9, 30),
            "income": rng.integers(1000, 5000, 30),
            "city": np.tile(["Rome", "Oslo", "Lima"], 10),
            "person": np.repeat(np.arange(10), 3),
            "outcome": np.tile(["ill", "well"], 15),
            "dose": np.linspace(0.5, 9.5, 30),
        }
    )


@pytest.fixture
def write(tmp_path):
    def writer(content, name="study.csv"):
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            (content.to_csv if name.endswith("csv") else content.to_parquet)(path, index=False)
        elif isinstance(content, dict):
            np.savez(path, **content)
        else:
            path.write_text(content, encoding="utf-8")
        return str(path)

    return writer


def refused(message, path, **arguments):
    with pytest.raises(ValueError, match=re.escape(message)):
        datasets.load(path, **arguments)


class TestTables:
    @pytest.mark.parametrize("name", ["study.csv", "study.parquet", "STUDY.CSV"])
    def test_numeric_columns_are_a_matrix(self, frame, write, name):
        path = write(frame.drop(columns="city"), name.lower())
        data = datasets.load(path, target="outcome", groups="person")
        assert data.X.dtype == np.float32
        assert data.X.shape == (30, 3)
        assert data.task == "classification"
        assert set(data.y) == {"ill", "well"}
        np.testing.assert_array_equal(data.groups, frame["person"])
        np.testing.assert_allclose(data.X[:, 0], frame["age"], rtol=1e-6)

    def test_path_object(self, frame, write, tmp_path):
        write(frame[["age", "outcome"]])
        assert datasets.load(tmp_path / "study.csv", target="outcome").X.shape == (30, 1)

    def test_strings_are_categories_if_allowed(self, frame, write):
        frame.loc[3, ["city", "age"]] = None
        path = write(frame)
        data = datasets.load(path, target="outcome", groups="person", allow_strings=True)
        assert list(data.X) == ["age", "income", "city", "dose"]
        assert data.X["city"].cat.categories.tolist() == ["Lima", "Oslo", "Rome"]
        numeric = data.numeric().X
        assert numeric.shape == (30, 6)
        assert np.isnan(numeric).sum() == 1
        assert numeric[3, -3:].tolist() == [0, 0, 0]

    def test_missing_numbers_stay_missing(self, frame, write):
        frame["income"] = frame["income"].astype("Int64")
        frame.loc[2, "income"] = pd.NA
        path = write(frame[["income", "outcome"]], "study.parquet")
        assert np.isnan(datasets.load(path, target="outcome").X[2, 0])

    def test_numbers_and_flags_kept_as_objects_are_numbers(self, frame, write):
        frame["smokes"] = [True, False, None] * 10
        frame["amount"] = [Decimal("1.5"), Decimal("2.25"), None] * 10
        frame["as_text"] = frame["income"].astype(str)
        frame["empty"] = None
        columns = ["smokes", "amount", "as_text", "empty", "outcome"]
        X = datasets.load(write(frame[columns], "study.parquet"), target="outcome").X
        np.testing.assert_array_equal(X[1], [0, 2.25, frame["income"][1], np.nan])
        assert np.isnan(X[2, :2]).all()

    def test_max_rows_keeps_groups_whole(self, frame, write):
        path = write(frame.drop(columns="city"))
        data = datasets.load(path, target="outcome", groups="person", max_rows=12)
        assert len(data.y) == 12
        assert set(pd.Series(data.groups).value_counts()) == {3}


@pytest.mark.parametrize(
    ("target", "task", "kind"),
    [
        (["a", "b", "a", "b"], "classification", "U"),
        ([True, False, True, False], "classification", "b"),
        ([-1, 1, -1, 1], "classification", "i"),
        ([1.0, 2.0, 1.0, 2.0], "classification", "i"),
        ([0.5, 1.0, 0.5, 1.0], "regression", "f"),
        (list(range(20)), "classification", "i"),
        (list(range(21)), "regression", "f"),
    ],
)
@pytest.mark.parametrize("name", ["study.csv", "study.parquet", "study.npz"])
def test_task_and_labels(write, name, target, task, kind):
    x = np.arange(len(target), dtype=float)
    table = pd.DataFrame({"x": x, "y": target})
    arrays = {"X": x.reshape(-1, 1), "y": np.array(target)}
    data = datasets.load(write(arrays if name.endswith("npz") else table, name), target="y")
    assert (data.task, data.y.dtype.kind) == (task, kind)
    assert data.y.tolist() == target


class TestArrays:
    X = np.zeros((6, 4, 4, 1))
    y = np.array([0, 1] * 3)

    def test_images_keep_their_shape(self, write):
        data = datasets.load(write({"X": self.X, "y": self.y}, "scans.npz"))
        assert data.X.shape == self.X.shape
        assert data.X.dtype == np.float32

    def test_target_and_groups_by_name(self, write):
        group = np.array(["a", "a", "b", "b", "c", "c"])
        path = write({"X": self.X, "label": self.y, "who": group}, "scans.npz")
        data = datasets.load(path, target="label", groups="who")
        assert data.y.tolist() == self.y.tolist()
        assert data.groups.tolist() == group.tolist()

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"x": X, "y": y}, "X='X': scans.npz has no such array; it has x, y. Did you mean 'x'"),
            ({"X": X, "labels": y}, "target='y': scans.npz has no such array; it has X, labels."),
            ({"X": X[:, 0, 0, 0], "y": y}, "X of scans.npz: shape (6,); expected (rows, columns)"),
            ({"X": X[:0], "y": y[:0]}, "X of scans.npz: shape (0, 4, 4, 1); expected"),
            ({"X": X.astype(str), "y": y}, "X of scans.npz: dtype <U32; expected numbers."),
            ({"X": X, "y": y[:5]}, "y of scans.npz: shape (5,); expected (6,)."),
            ({"X": X, "y": np.eye(6)}, "y of scans.npz: shape (6, 6); expected (6,)."),
            ({"X": X, "y": y.astype(object)}, "scans.npz': cannot be read as NPZ: Object arrays"),
            ({"X": X + np.inf, "y": y}, "column 0 of scans.npz: inf in row 0 is infinite"),
            ({"X": X, "y": y * 0}, "target='y': scans.npz has one value only, 0;"),
            ({"X": X, "y": y * np.nan}, "target='y': scans.npz has no value in 6 of 6"),
        ],
    )
    def test_bad_arrays(self, write, arrays, message):
        refused(message, write(arrays, "scans.npz"))

    def test_not_an_archive(self, write, tmp_path):
        refused("cannot be read as NPZ", write("x,y\n1,2\n", "scans.npz"))
        np.save(tmp_path / "single.npy", self.y)
        path = (tmp_path / "single.npy").rename(tmp_path / "single.npz")
        refused("Write it with np.savez(path, X=X, y=y)", path)


class TestErrors:
    def test_missing_file_names_the_nearest(self, frame, write):
        path = write(frame)
        refused("there is no such file. Did you mean 'study.csv'?", path.replace("study", "stdy"))
        refused("name='nowhere/at/all.csv': there is no such file.", "nowhere/at/all.csv")

    def test_unknown_extension(self):
        message = "name='study.xlsx': unknown extension '.xlsx'; load accepts .csv, .parquet, .npz."
        refused(message, "study.xlsx")
        refused("name='data/study': unknown extension ''", "data/study")

    def test_no_target_lists_the_columns(self, frame, write):
        message = "target=None: name the column of study.csv to predict; it has age, income, city,"
        refused(message, write(frame))

    def test_missing_column_names_the_nearest(self, frame, write):
        message = "target='Outcom': study.csv has no such column; it has age, income, city, person,"
        refused(message, write(frame), target="Outcom")
        refused("Did you mean 'outcome'?", write(frame), target="Outcom")
        refused("groups='persons': study.csv has no such column", write(frame),
                target="outcome", groups="persons")  # fmt: skip

    def test_many_columns_are_not_all_listed(self, write):
        path = write(pd.DataFrame(np.zeros((2, 30)), columns=[f"c{i}" for i in range(30)]))
        refused("c19 and 10 more", path, target="label")

    def test_semicolons(self, write):
        refused("Its columns are separated by ';'", write("a;b\n1;2\n3;4\n"), target="b")

    def test_groups_are_the_target(self, frame, write):
        refused("groups='outcome': is the target, too", write(frame),
                target="outcome", groups="outcome")  # fmt: skip

    def test_groups_with_gaps_or_one_group(self, frame, write):
        frame = frame.drop(columns="city")
        one = write(frame.assign(person=1))
        refused("groups='person': study.csv has one group only", one,
                target="outcome", groups="person")  # fmt: skip
        gaps = write(frame.assign(person=frame["person"].where(frame["person"] > 3)))
        refused("groups='person': study.csv has gaps", gaps, target="outcome", groups="person")

    def test_one_class(self, frame, write):
        message = "target='outcome': study.csv has one value only, 'ill'; there is nothing to tell"
        refused(message, write(frame.assign(outcome="ill")), target="outcome")

    def test_gaps_in_the_target(self, frame, write):
        frame.loc[[4, 7], "outcome"] = None
        message = "target='outcome': study.csv has no value in 2 of 30 rows (row 4, 7). Drop these"
        refused(message, write(frame), target="outcome")

    def test_infinite_target(self, frame, write):
        frame.loc[4, "dose"] = np.inf
        refused("target='dose': study.csv has infinite values.", write(frame), target="dose")

    def test_string_columns_are_named(self, frame, write):
        path = write(frame.assign(note="free text"))
        message = "study.csv: columns 'city', 'note' are not numbers. Drop them, or keep them as"
        refused(message, path, target="outcome")
        refused("load(..., allow_strings=True).numeric()", path, target="outcome")

    def test_dates_are_named(self, frame, write):
        path = write(frame.assign(day=pd.Timestamp("2024-02-01")), "study.parquet")
        refused("columns 'city', 'day' are not numbers", path, target="outcome")

    @pytest.mark.parametrize("allow_strings", [True, False])
    def test_a_number_column_with_a_stray_word_is_no_category(self, frame, write, allow_strings):
        frame["age"] = frame["age"].round(1).astype(str)
        frame.loc[5, "age"] = "?"
        message = (
            "column 'age' of study.csv: 1 of its 30 values are not numbers, such as '?'. "
            "Correct them, or leave the cells empty (missing)."
        )
        refused(message, write(frame), target="outcome", allow_strings=allow_strings)

    @pytest.mark.parametrize("value", [np.inf, 1e300])
    def test_numbers_that_float32_cannot_hold(self, frame, write, value):
        frame.loc[6, "age"] = value
        path = write(frame.drop(columns="city"))
        message = f"column 'age' of study.csv: {value} in row 6 is infinite, or"
        refused(message, path, target="outcome")

    def test_no_features(self, frame, write):
        refused("has no column besides", write(frame[["outcome"]]), target="outcome")

    @pytest.mark.parametrize("name", ["study.csv", "study.parquet"])
    def test_unreadable(self, write, name):
        refused(f"{name}': cannot be read: ", write("", name), target="y")

    def test_no_rows(self, write):
        refused("the file has no rows", write("a,b\n"), target="b")

    def test_other_encoding(self, tmp_path):
        path = tmp_path / "latin.csv"
        path.write_bytes("größe,y\n1,0\n2,1\n".encode("latin-1"))
        refused("latin.csv': cannot be read: 'utf-8' codec", path, target="y")
