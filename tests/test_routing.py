"""Parameters reach what their prefix names, or are refused."""

import pytest

from helpers.routing import accepted_names, check_accepted, nearest_or_all, routed_to


def test_routed_to_takes_one_destination_and_keeps_deeper_prefixes():
    given = {"metrics__0__name": "a", "metrics__name": "b", "model__units": 3, "units": 4}
    assert routed_to("metrics", given) == {"0__name": "a", "name": "b"}
    assert routed_to("fit", given) == {}


def test_accepted_names_of_functions_and_classes():
    class Builder:
        def __init__(self, units, *, rate=0.1):
            pass

    assert accepted_names(Builder) == ("units", "rate")
    assert accepted_names(lambda units, **more: None) is None
    assert accepted_names(lambda *layers: None) == ()


def test_check_accepted_passes_what_is_known():
    check_accepted(["a"], ["a", "b"], owner="it")
    check_accepted(["anything"], None, owner="it")


def test_check_accepted_names_the_parameter_and_what_is_near():
    with pytest.raises(ValueError, match=r"model__rat: the builder .*did you mean 'model__rate'"):
        check_accepted(["rat"], ["rate"], owner="the builder", prefix="model__")


@pytest.mark.parametrize(
    ("known", "expected"),
    [(["seed"], "did you mean 'seed'?"), (["x", "y"], "accepted: x, y"), ([], "nothing is")],
)
def test_nearest_or_all(known, expected):
    assert nearest_or_all("sed", known).startswith(expected)
