"""What is told of an estimator's parameters, before and after."""

from sklearn.base import clone
from sklearn.impute import SimpleImputer

from helpers.diagnosis.trials import differing, told


def test_a_parameter_that_is_nan_stays_what_it_is():
    imputer = SimpleImputer()
    assert differing(told(imputer), told(clone(imputer))) == []
    assert differing(told(imputer), told(SimpleImputer(missing_values=0))) == [
        "missing_values: 'nan' became 0"
    ]
