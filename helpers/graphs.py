"""Frees the graphs that TensorFlow traced for one fit.

A traced tensor holds its graph in a way that Python's garbage collector cannot see, so that a graph
that refers to its own tensors is never freed, and a search makes hundreds. What that comes to:
``python -m tests.benchmarks.memory``.
"""

from helpers.quiet import tf  # isort: split

from tensorflow.python.framework.func_graph import dismantle_func_graph
from tensorflow.python.framework.ops import gradient_registry

__all__ = ["TracedGraphs"]


class TracedGraphs:
    """Graphs that nobody will run or differentiate again once a fit is over.

    Examples
    --------
    >>> from helpers.quiet import tf
    >>> graphs = TracedGraphs()
    >>> @tf.function
    ... def double(x):
    ...     graphs.note()
    ...     return 2 * x
    >>> int(double(tf.constant(21)))
    42
    >>> len(graphs)
    1
    >>> graphs.free()
    >>> len(graphs)
    0
    """

    def __init__(self):
        self._graphs = []

    def __len__(self):
        return len(self._graphs)

    def note(self):
        """Remember the graph that is being traced; to be called while it is."""
        self._graphs.append(tf.compat.v1.get_default_graph())

    def free(self):
        """Free them, those traced last first: they are the inner ones."""
        while self._graphs:
            graph = self._graphs.pop()
            _forget_gradients(graph)
            dismantle_func_graph(graph)
            graph.inputs, graph.outputs, graph.control_outputs = [], [], []
            graph.structured_outputs = graph.structured_input_signature = None
            graph._function_captures = type(graph._function_captures)()


def _forget_gradients(graph):
    """An optimizer's sum over replicas registers a gradient that holds its tensors for ever."""
    for operation in graph.get_operations():
        if operation.type == "IdentityN":
            name = operation.node_def.attr["_gradient_op_type"].s.decode()
            gradient_registry._registry.pop(name, None)
