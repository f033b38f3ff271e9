"""Named data sets, the subsample, and the laws that hold for all of them."""

import hashlib
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from helpers import datasets
from helpers._dataset import Dataset, as_category, one_hot

ROOT = Path(__file__).parents[1]
GROUPED = ("penguins", "patients")


def as_bytes(data):
    X = pd.DataFrame(np.reshape(np.asarray(data.X), (len(data.y), -1)))
    return pickle.dumps((X.to_csv(), data.y.tolist(), np.asarray(data.groups).tolist()))


@pytest.mark.parametrize("name", datasets.NAMES)
class TestEveryName:
    def test_parts_agree(self, name):
        data = datasets.load(name)
        assert data.name == name
        assert data.task == "classification"
        assert len(data.X) == len(data.y) > 100
        assert len(np.unique(data.y)) >= 2
        assert data.description.endswith(".")
        assert (data.groups is not None) == (name in GROUPED)
        assert data.groups is None or len(data.groups) == len(data.y)

    def test_numbers_are_float32(self, name):
        data = datasets.load(name)
        if data.is_frame:
            kinds = {str(kind) for kind in data.X.dtypes}
            assert kinds == {"float32", "category"}
        else:
            assert data.X.dtype == np.float32
        assert data.numeric().X.dtype == np.float32

    def test_same_seed_same_rows_other_seed_other_rows(self, name):
        first, again, other = (
            datasets.load(name, max_rows=90, random_state=seed) for seed in (1, 1, 2)
        )
        assert as_bytes(first) == as_bytes(again)
        assert as_bytes(first) != as_bytes(other)

    def test_at_most_max_rows_and_every_class(self, name):
        data, part = datasets.load(name), datasets.load(name, max_rows=90)
        assert 80 <= len(part.y) <= 90
        assert set(part.y) == set(data.y)

    def test_global_random_state_is_untouched(self, name):
        before = pickle.dumps(np.random.get_state())
        datasets.load(name, max_rows=90, random_state=5)
        assert pickle.dumps(np.random.get_state()) == before

    def test_travels_to_another_process(self, name):
        data = datasets.load(name).numeric()
        assert as_bytes(pickle.loads(pickle.dumps(data))) == as_bytes(data)


def test_digits_as_rows_and_as_images_are_the_same_pixels():
    rows, images = datasets.load("digits"), datasets.load("digits_images")
    assert rows.X.shape == (1797, 64)
    assert images.X.shape == (1797, 8, 8, 1)
    np.testing.assert_array_equal(rows.X, images.X.reshape(-1, 64))
    assert (rows.X.min(), rows.X.max()) == (0, 1)


class TestPenguins:
    def test_frame_has_categories_and_gaps(self):
        data = datasets.load("penguins")
        assert list(data.X.select_dtypes("category")) == ["island", "sex", "clutch_complete"]
        assert data.X["sex"].isna().sum() == 11
        assert data.X["body_mass_g"].isna().sum() == 2

    def test_groups_are_pairs(self):
        data = datasets.load("penguins")
        assert set(pd.Series(data.groups).value_counts()) == {2}
        assert "nest" not in data.X

    def test_sex_as_target_drops_rows_without_it(self):
        data = datasets.load("penguins", target="sex")
        assert len(data.y) == 333
        assert set(data.y) == {"female", "male"}
        assert "species" in data.X
        assert "sex" not in data.X

    def test_a_pipeline_of_scikit_learn_takes_the_frame(self):
        data = datasets.load("penguins", target="sex")
        columns = make_column_transformer(
            (
                make_pipeline(SimpleImputer(), StandardScaler()),
                make_column_selector(dtype_include="number"),
            ),
            (OneHotEncoder(), make_column_selector(dtype_include="category")),
        )
        model = make_pipeline(columns, LogisticRegression())
        scores = cross_val_score(model, data.X, data.y, groups=data.groups, cv=GroupKFold(5))
        assert scores.mean() > 0.8

    def test_checksum_is_the_one_in_the_readme(self):
        content = (ROOT / "data" / "penguins.csv").read_bytes()
        readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
        assert hashlib.sha256(content).hexdigest() in readme
        assert datasets.PENGUINS_SHA256 in readme

    def test_changed_file_is_refused(self, tmp_path, monkeypatch):
        changed = tmp_path / "penguins.csv"
        changed.write_bytes((ROOT / "data" / "penguins.csv").read_bytes().replace(b"\n", b"\r\n"))
        monkeypatch.setattr(datasets, "_data_file", lambda name: changed)
        with pytest.raises(ValueError, match=r"penguins.csv: its SHA-256 is .*line endings"):
            datasets.load("penguins")


class TestNumeric:
    def test_gaps_stay_gaps(self):
        data = datasets.load("penguins")
        assert np.isnan(data.numeric().X).sum() == data.X.select_dtypes("number").isna().sum().sum()

    def test_missing_category_is_a_row_of_zeros(self):
        data = datasets.load("penguins")
        names = pd.get_dummies(data.X).columns
        sex = data.numeric().X[:, names.str.startswith("sex_")]
        np.testing.assert_array_equal(sex.sum(axis=1), data.X["sex"].notna())

    def test_columns_do_not_depend_on_the_rows(self):
        whole = datasets.load("penguins")
        part = whole.take(np.flatnonzero(whole.X["island"] == "Dream"))
        assert part.numeric().X.shape[1] == whole.numeric().X.shape[1]
        np.testing.assert_array_equal(
            part.numeric().X, whole.numeric().X[whole.X["island"] == "Dream"]
        )

    def test_fresh_rows_get_the_same_columns(self):
        data = datasets.load("categories").numeric()
        X = data.sample(50, 0)[0]
        assert X.shape == (50, data.X.shape[1])
        assert X.dtype == np.float32

    def test_images_stay_images(self):
        data = datasets.load("digits_images")
        assert data.numeric() is data

    def test_an_identifier_is_refused(self):
        names = pd.Series([f"person {i}" for i in range(1001)])
        message = "column 'name' has 1001 levels: .* at most 1000. Drop the column"
        with pytest.raises(ValueError, match=message):
            one_hot(pd.DataFrame({"name": as_category(names)}))


class TestSubsample:
    def test_keeps_class_shares(self):
        data = datasets.load("breast_cancer")
        part = datasets.load("breast_cancer", max_rows=100)
        assert len(part.y) == 100
        assert abs(part.y.mean() - data.y.mean()) < 0.01

    @pytest.mark.parametrize("target", ["species", "sex"])
    def test_keeps_groups_whole(self, target):
        whole = datasets.load("penguins", target=target)
        part = datasets.load("penguins", target=target, max_rows=100)
        sizes = pd.Series(whole.groups).value_counts()
        for group, size in pd.Series(part.groups).value_counts().items():
            assert size == sizes[group]

    def test_keeps_the_order_of_the_rows(self):
        y = np.arange(50) % 2
        data = Dataset("ordered", np.arange(50.0).reshape(-1, 1), y)
        part = datasets._subsample(data, 20, 0)
        assert (np.diff(part.X[:, 0]) > 0).all()

    def test_a_rare_class_stays(self):
        y = np.array([0] * 95 + [1] * 4 + [2])
        part = datasets._subsample(Dataset("rare", np.zeros((100, 1)), y), 10, 0)
        assert np.bincount(part.y).tolist() == [8, 1, 1]

    def test_regression_is_drawn_at_random(self):
        data = Dataset("numbers", np.zeros((100, 1)), np.arange(100.0), task="regression")
        assert len(datasets._subsample(data, 30, 0).y) == 30

    def test_too_few_rows_for_the_classes(self):
        with pytest.raises(
            ValueError, match=r"max_rows=9: too few for a row of every class of digits."
        ):
            datasets.load("digits", max_rows=9)

    def test_too_few_rows_for_a_group(self):
        with pytest.raises(ValueError, match="max_rows=4: too few for a whole group of class 'Ch"):
            datasets.load("penguins", max_rows=4)

    def test_too_few_rows_for_a_group_of_a_regression(self):
        data = Dataset("n", np.zeros((9, 1)), np.zeros(9), np.arange(9) // 3, task="regression")
        with pytest.raises(ValueError, match=r"max_rows=2: too few for a whole group of n."):
            datasets._subsample(data, 2, 0)

    def test_too_few_rows_for_a_series(self):
        with pytest.raises(ValueError, match=r"max_rows=30: too few for series: .*integer >= 40"):
            datasets.load("series", max_rows=30)


class TestErrors:
    def test_unknown_name_lists_the_known_and_the_nearest(self):
        with pytest.raises(
            ValueError, match=r"name='Digit': load accepts digits, .*'digits'"
        ) as it:
            datasets.load("Digit")
        assert all(name in str(it.value) for name in datasets.NAMES)

    def test_name_of_another_type(self):
        with pytest.raises(TypeError, match="name=3: load accepts a name or a path"):
            datasets.load(3)

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"max_rows": 0}, ValueError, "max_rows=0: load accepts an integer >= 2."),
            ({"max_rows": 10.5}, TypeError, "max_rows=10.5: load accepts an integer >= 2."),
            ({"max_rows": True}, TypeError, "max_rows=True: load accepts an integer >= 2."),
            ({"random_state": -1}, ValueError, "random_state=-1: load accepts an integer >= 0."),
            ({"random_state": None}, TypeError, "random_state=None: load accepts an integer >= 0."),
            ({"target": "y"}, ValueError, "target='y': wine accepts no target: it has one."),
            ({"groups": "id"}, ValueError, "groups='id': wine accepts none; only your own file"),
        ],
    )
    def test_parameters(self, arguments, error, message):
        with pytest.raises(error, match=re.escape(message)):
            datasets.load("wine", **arguments)

    def test_target_of_the_penguins(self):
        message = "target='specie': penguins accepts 'species' or 'sex'. Did you mean 'species'?"
        with pytest.raises(ValueError, match=re.escape(message)):
            datasets.load("penguins", target="specie")
