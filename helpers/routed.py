"""Parameters of an estimator that go to what their prefix names: builder, optimizer, callbacks."""

import copy

from sklearn.base import BaseEstimator, clone

from helpers.building import builder_parameters
from helpers.copies import copy_of, taken_apart
from helpers.errors import UnexpectedParameterError
from helpers.routing import DESTINATIONS, constructor_parameters, nearest_or_all


class RoutedParameters(BaseEstimator):
    """An estimator that keeps its free keywords as parameters; a constructor sets ``_routed``."""

    @classmethod
    def _get_param_names(cls):
        """Names of the constructor, with those that its ``**kwargs`` go on to."""
        return sorted(constructor_parameters(cls))

    # Free keywords are kept apart from the attributes: scikit-learn takes every public attribute
    # that the signature does not name for state that __init__ has set.

    def get_params(self, deep=True):
        """Parameters of the estimator, the routed ones included."""
        return super().get_params(deep=deep) | self._routed

    def set_params(self, **params):
        """Set parameters; names that nothing would consume are refused."""
        named = super().get_params(deep=False)
        builder = params.get("model", self._builder)
        for name in params:
            if name not in named:
                self._check_routable(name, builder)
                if builder is None and "__" not in name:
                    raise ValueError(
                        f"Invalid parameter {name} for estimator {type(self).__name__}, which has "
                        "no builder that could take it. This issue can likely be resolved by "
                        f"setting this parameter beside one: set_params(model=..., {name}=...)"
                    )
        for name, value in params.items():
            if name in named:
                setattr(self, name, value)
            else:
                self._routed = self._routed | {name: value}
        return self

    def __sklearn_clone__(self):
        parameters = {name: _cloned(v) for name, v in self.get_params(deep=False).items()}
        twin = type(self)(**parameters)
        for name in ("_metadata_request", "_sklearn_output_config"):
            if name in vars(self):
                setattr(twin, name, copy.deepcopy(vars(self)[name]))
        return twin

    def __getattr__(self, name):
        routed = self.__dict__.get("_routed", {})
        if name in routed:
            return routed[name]
        if name in constructor_parameters(type(self)):
            raise AttributeError(
                f"the constructor of {type(self).__name__} takes {name}, but does not keep it: "
                f"`self.{name} = {name}` is missing"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def _builder(self):
        """The builder; a subclass may have it as a method."""
        return getattr(self, "_keras_build_fn", None) if self.model is None else self.model

    @property
    def _prefixed(self):
        """Parameters for others than the estimator; a subclass may name some in its constructor."""
        named = super().get_params(deep=False)
        return {name: value for name, value in named.items() if "__" in name} | self._routed

    def _check_routable(self, name, builder):
        if name.partition("__")[0] in DESTINATIONS and "__" in name:
            return
        # Without a builder nobody knows what it takes; fit says that it is missing.
        taken = builder_parameters(builder) if callable(builder) else None
        if taken is None:
            return
        if name not in taken:
            named = super().get_params(deep=False)
            known = [*named, *taken, *(f"model__{key}" for key in taken)]
            raise UnexpectedParameterError(
                f"Invalid parameter {name!r} for estimator {type(self).__name__}, whose builder "
                f"got an unexpected keyword argument; {nearest_or_all(name, known)}"
            )


def _cloned(value):
    """`clone`, also of objects that scikit-learn cannot copy because Keras cannot."""
    return clone(value, safe=False) if taken_apart(value) is value else copy_of(value)
