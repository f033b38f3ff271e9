"""The code cells of a notebook as Python statements."""

import ast
import re

__all__ = ["Cell"]

# Their cell is run as if they were not there: timing or catching output is not preparation.
TIMING_CELL = re.compile(r"\A\s*%%(time|capture|prun)\b[^\n]*\n")
TIMING_LINE = re.compile(r"^(\s*(?:[\w, ]+=\s*)?)%(?:time|prun)\s+", re.M)
# The machine is not set up a second time, and no file written.
SHELL_ONLY = re.compile(
    r"^get_ipython\(\)\.(system\(|run_line_magic\('(pip|conda|cd|timeit)'"
    r"|run_cell_magic\('(bash|sh|script|system|sx|writefile|file|timeit)')"
)


class Cell:
    """A code cell as Python: magics are calls, statements can be run one by one."""

    def __init__(self, shell, number, source):
        self.number = number
        source = TIMING_LINE.sub(r"\1", TIMING_CELL.sub("", source))
        self.statements = ast.parse(shell.transform_cell(source)).body

    def touched(self, place):
        """Names that a statement assigns, or whose ``fit`` it calls."""
        for node in ast.walk(self.statements[place]):
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    yield name
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="fit")):
                    yield name
                case ast.alias(name=name, asname=asname):
                    yield asname or name

    def read(self):
        """Names that the cell looks up."""
        for statement in self.statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    yield node.id

    def run(self, namespace, place):
        statement = self.statements[place]
        if SHELL_ONLY.match(ast.unparse(statement)):
            return
        module = ast.Module([statement], [])
        exec(compile(module, f"<code cell [{self.number}]>", "exec"), namespace)
