"""Puts what a batch run found into the README: one table, one figure."""

from pathlib import Path

from helpers import claims

START, END = "<!-- claims: start -->", "<!-- claims: end -->"


def table_of(found):
    """Claims as a Markdown table, a row each.

    Parameters
    ----------
    found : iterable of Claim

    Returns
    -------
    str

    Examples
    --------
    >>> from helpers.claims import Claim
    >>> claim = Claim("a/b", "It holds.", 1.0, 0.5, "AUC", (0.4, 0.6), True, "01_x")
    >>> print(table_of([claim]))
    | what goes wrong | faulty | fixed | difference, 95 % interval | holds |
    | --- | --- | --- | --- | --- |
    | **`a/b`** It holds. | 1 | 0.5 | 0.5 [0.4, 0.6] AUC | yes |
    """
    lines = [
        "| what goes wrong | faulty | fixed | difference, 95 % interval | holds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for claim in found:
        low, high = claim.interval
        difference = f"{claim.faulty - claim.fixed:.2g} [{low:.2g}, {high:.2g}] {claim.unit}"
        statement = claim.statement.replace("|", "\\|")
        lines.append(
            f"| **`{claim.case}`** {statement} | {claim.faulty:.3g} | {claim.fixed:.3g} "
            f"| {difference} | {'yes' if claim.holds else '**no**'} |"
        )
    return "\n".join(lines)


def update(claims_path, readme_path, figure_path):
    """Replace the README's table and figure by those of a batch run.

    Parameters
    ----------
    claims_path : path
        A run's ``claims.json``.
    readme_path : path
        Has the lines of `START` and `END`; what is between them is replaced.
    figure_path : path
        PNG of the effects in accuracy.

    Raises
    ------
    ValueError
        The README lacks the marks; nothing is written.
    OSError
        A file cannot be read or written.
    """
    found = claims.read(claims_path)
    text = Path(readme_path).read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise ValueError(f"{readme_path}: accepts a file with the lines {START!r} and {END!r}")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    _draw([claim for claim in found if claim.unit == "accuracy"], figure_path)
    table = f"{before}{START}\n{table_of(found)}\n{END}{after}"
    Path(readme_path).write_text(table, encoding="utf-8")


def _draw(found, path):
    from helpers import figures

    ax = figures.plot_effects(claims.to_frame(found))
    ax.figure.savefig(path, dpi=110, bbox_inches="tight")
