"""The source code of one arm of a case, as far as it differs from the others."""

import ast
import inspect

from IPython.display import Markdown

__all__ = ["markdown_of", "source_of"]


def markdown_of(function, others=()):
    """`source_of` as a Markdown code block.

    Parameters
    ----------
    function : function
    others : iterable of function

    Returns
    -------
    IPython.display.Markdown
    """
    return Markdown(f"```python\n{source_of(function, others)}\n```")


def source_of(function, others=()):
    """Source of a function and of what it needs from its module, unless others need it too.

    Parameters
    ----------
    function : function
        Defined at the top level of a module.
    others : iterable of function
        Functions of the same module whose needs are left out.

    Returns
    -------
    str
        Definitions in the order of the module.

    Raises
    ------
    TypeError
        Not a function at the top level of a module (a lambda, a partial): its code cannot be
        shown.
    """
    module = inspect.getmodule(function)
    name = getattr(function, "__name__", None)
    text = inspect.getsource(module) if module and name else ""
    definitions = _definitions(ast.parse(text))
    if name not in definitions:
        raise TypeError(f"{function!r} is no function at the top level of its module.")
    wanted = _needs(name, definitions)
    for other in others:
        if inspect.getmodule(other) is module:
            wanted -= _needs(getattr(other, "__name__", None), definitions)
    wanted.add(name)
    nodes = {definitions[each] for each in wanted}
    ordered = sorted(nodes, key=lambda node: node.lineno)
    return "\n\n\n".join(_text_of(node, text) for node in ordered)


def _definitions(tree):
    """Top-level functions, classes and assignments of a module by name."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                found |= {each.id: node for each in ast.walk(target) if isinstance(each, ast.Name)}
    return found


def _needs(name, definitions):
    """Names of the module that a definition uses, directly or through others, with its own."""
    found, todo = set(), [name]
    while todo:
        current = todo.pop()
        if current in definitions and current not in found:
            found.add(current)
            names = (each for each in ast.walk(definitions[current]) if isinstance(each, ast.Name))
            todo += [each.id for each in names]
    return found


def _text_of(node, text):
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
