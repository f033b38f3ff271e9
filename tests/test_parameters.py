"""What the notebooks' parameters accept."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import parameters


@pytest.mark.parametrize("profile", parameters.PROFILES)
def test_a_profile_fills_in_every_number_that_is_not_given(profile):
    settings = dataclasses.asdict(parameters.check(profile=profile))
    expected = parameters.PROFILES[profile]
    assert {name: settings[name] for name in expected} == expected


def test_profiles_are_ordered_by_work():
    ci, default, full = (parameters.PROFILES[name] for name in ("ci", "default", "full"))
    assert fits(ci) <= fits(default) <= fits(full)
    assert ci["epochs"] <= default["epochs"] <= full["epochs"]
    assert ci["max_rows"] < default["max_rows"]
    assert full["max_rows"] is None


def fits(profile):
    """Fits of one candidate: few folds, repeated, may be more work than many folds once."""
    return profile["n_splits"] * profile["n_repeats"]


def test_profile_numbers_are_accepted_as_parameters():
    for profile in parameters.PROFILES.values():
        parameters.check(**profile)


def test_settings_have_a_field_for_each_parameter():
    fields = [field.name for field in dataclasses.fields(parameters.Settings)]
    assert sorted(fields) == sorted(parameters.TABLE)


@given(
    n_splits=st.integers(2, 20),
    n_repeats=st.integers(1, 100),
    epochs=st.integers(1, 10_000),
    max_rows=st.integers(60, 10**9),
    seed=st.integers(0, 2**32 - 1),
)
def test_numbers_in_range_are_kept_whatever_the_profile(**numbers):
    settings = parameters.check(profile="ci", **numbers)
    assert numbers == {name: getattr(settings, name) for name in numbers}


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("n_splits", (1, 21)),
        ("n_repeats", (0, 101)),
        ("epochs", (-3, 0, 10_001)),
        ("max_rows", (59,)),
        ("seed", (-1, 2**32)),
    ],
)
def test_numbers_out_of_range_are_refused_with_the_range(name, outside):
    for value in outside:
        with pytest.raises(ValueError, match=f"^{name}={value}: accepts an integer"):
            parameters.check(**{name: value})


@pytest.mark.parametrize("value", [True, 3.0, "3", [3]])
@pytest.mark.parametrize("name", ["seed", "epochs", "n_splits", "n_repeats", "max_rows"])
def test_numbers_of_another_type_are_refused(name, value):
    with pytest.raises(TypeError, match=rf"^{name}="):
        parameters.check(**{name: value})


def test_a_seed_is_never_left_to_the_profile():
    with pytest.raises(TypeError, match=r"seed=None: accepts an integer from 0 to 4294967295$"):
        parameters.check(seed=None)


def test_messages_say_it_all():
    with pytest.raises(ValueError) as caught:
        parameters.check(epochs=0)
    assert str(caught.value) == (
        "epochs=0: accepts an integer from 1 to 10000, or None for what the profile says"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sed": 3}, "unknown parameter 'sed'; did you mean 'seed'? known: dataset, target, "),
        ({"profile": "fulll"}, "profile='fulll'; did you mean 'full'? known: ci, default, full"),
        ({"dataset": "digit"}, "dataset='digit'; did you mean 'digits'? known: digits, "),
        ({"dataset": "no/such.csv"}, "dataset='no/such.csv': no such file (looked in "),
        ({"dataset": "data.xlsx"}, "or the path of a file: .csv, .parquet, .npz"),
        ({"search": "study.py"}, "search='study.py': accepts FILE.py:FUNC, or an empty text"),
        ({"search": "study.ipynb:make"}, "accepts FILE.py:FUNC, or an empty text"),
        ({"search": "study.py:make it"}, "accepts FILE.py:FUNC, or an empty text"),
        ({"search": "no/such.py:make"}, "search='no/such.py:make': no such file (looked in "),
        ({"claims_path": "claims.txt"}, "claims_path='claims.txt': accepts the path of a .json"),
    ],
)
def test_unknown_texts_are_refused_with_the_nearest(given, message):
    with pytest.raises(ValueError) as caught:
        parameters.check(**given)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["dataset", "profile", "target", "search", "claims_path"])
def test_texts_of_another_type_are_refused(name):
    with pytest.raises(TypeError, match=f"^{name}=3: accepts a text"):
        parameters.check(**{name: 3})


def test_a_users_file_is_accepted_by_path(tmp_path):
    path = tmp_path / "mine.CSV"
    path.write_text("a,b\n1,2\n")
    settings = parameters.check(dataset=str(path), target="b")
    assert (settings.dataset, settings.target) == (str(path), "b")


@pytest.mark.parametrize("name", ["target", "search"])
@pytest.mark.parametrize("value", ["", None])
def test_no_text_is_none(name, value):
    assert getattr(parameters.check(**{name: value}), name) is None


def test_a_search_of_ones_own_is_accepted_by_path(tmp_path):
    path = tmp_path / "study.py"
    path.write_text("")  # what is in it is asked when it is loaded
    assert parameters.check(search=f"{path}:make").search == f"{path}:make"


def test_every_known_data_set_is_accepted():
    from helpers import datasets

    for name in datasets.NAMES:
        assert parameters.check(dataset=name).dataset == name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "3", 3),
        ("seed", "3.5", 3.5),
        ("seed", "many", "many"),
        ("max_rows", "None", None),
        ("target", "3", "3"),
        ("target", "None", "None"),
        ("units", "-64", -64),
        ("units", "1e-3", 0.001),
        ("verbose", "True", True),
    ],
)
def test_parse_reads_numbers_but_keeps_text_parameters(name, text, value):
    parsed = parameters.parse(name, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("value", "default", "accepted"),
    [
        (3, 64, True),
        (3, 0.5, True),
        (0.5, 3, False),
        (True, 3, False),
        (1, True, False),
        ("a", "b", True),
        ([1], "b", False),
        ("anything", None, True),
    ],
)
def test_a_notebooks_own_parameter_takes_the_type_of_its_default(value, default, accepted):
    if accepted:
        parameters.check_like_default("own", value, default)
    else:
        with pytest.raises(TypeError, match=r"^own=.*: accepts .*, as its default"):
            parameters.check_like_default("own", value, default)
