"""What a model was built from, so that it travels as a recipe and its numbers.

Keras pickles a model by its configuration, which fails for layers, losses and models of a user's
own that are not registered with Keras. A builder needs no configuration: it makes the model again.
"""

from dataclasses import dataclass

import numpy as np

from helpers.building import build
from helpers.copies import put_together, taken_apart
from helpers.quiet import keras
from helpers.randomness import isolated

__all__ = ["Recipe", "numbers_of"]


@dataclass(frozen=True)
class Recipe:
    """The arguments of `build`, and Keras' precision at the time.

    Parameters
    ----------
    arguments : dict
        Of `helpers.building.build`, Keras objects taken apart. Of the rows in ``sample`` only
        shape and dtype are kept.
    floatx, dtype_policy : str
    """

    arguments: dict
    floatx: str
    dtype_policy: str

    @classmethod
    def of(cls, arguments):
        """The recipe of a model that is about to be built.

        Parameters
        ----------
        arguments : dict

        Returns
        -------
        Recipe
        """
        sample = keras.tree.map_structure(np.zeros_like, arguments["sample"])
        policy = keras.config.dtype_policy().name
        arguments = taken_apart(arguments | {"sample": sample})
        return cls(arguments, keras.config.floatx(), policy)

    def remake(self, numbers):
        """Build the model again and give it the numbers of the trained one.

        Parameters
        ----------
        numbers : dict
            From `numbers_of`.

        Returns
        -------
        keras.Model

        Raises
        ------
        ValueError
            The builder no longer returns the model that it returned.
        """
        with isolated(0):
            keras.config.set_floatx(self.floatx)
            keras.config.set_dtype_policy(self.dtype_policy)
            model, _ = build(**put_together(self.arguments))
        for name, variables in _variables(model).items():
            shapes = [tuple(variable.shape) for variable in variables]
            if shapes != [value.shape for value in numbers[name]]:
                raise ValueError(
                    "the builder returns another model than the one that was trained: its "
                    f"{name} variables have the shapes {shapes}"
                )
            for variable, value in zip(variables, numbers[name], strict=True):
                variable.assign(value)
        model.run_eagerly = numbers["run_eagerly"]
        return model


def numbers_of(model):
    """What training has made of a model: weights, seeds, the optimizer's moments.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    dict
    """
    arrays = {
        name: [variable.numpy() for variable in variables]
        for name, variables in _variables(model).items()
    }
    return arrays | {"run_eagerly": model.run_eagerly}


def _variables(model):
    return {"model's": model.variables, "optimizer's": model.optimizer.variables}
