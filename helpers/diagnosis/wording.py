"""How a report says things, in a terminal and on its card alike."""

from collections import Counter
from collections.abc import Mapping

from helpers.diagnosis.plain import plain

__all__ = [
    "attribution",
    "by_reason",
    "clean_text",
    "cost",
    "effect",
    "evidence",
    "headline",
    "number",
    "setting",
    "split_checks",
    "tested_by",
    "title",
    "verdict",
]

LONGEST = 240  # characters of one piece of evidence; to_dict has it whole


def title(report):
    """What was diagnosed: ``GridSearchCV(Pipeline)``."""
    kind, estimator = (report.search.get(key) for key in ("kind", "estimator"))
    name = f"{kind}({estimator})" if kind and estimator else kind or estimator or "the search"
    return f"Diagnosis of {name}"


def setting(report):
    """Size of the search, its score and the margin, in one sentence."""
    search = report.search
    counts = [
        _count(search[key], noun)
        for key, noun in (("n_candidates", "candidate"), ("n_splits", "fold"), ("n_rows", "row"))
        if search.get(key) is not None
    ]
    parts = [", ".join(counts)] if counts else []
    if plain(search.get("best_score")) is not None:
        parts.append(f"best {report.score_name} {number(search['best_score'])}")
    if search.get("complete") is False:
        parts.append("a part of the search, which takes longer than the budget")
    margin = f"effects below {number(report.delta)} {report.score_name} do not matter"
    text = "; ".join([*parts, margin])
    return f"{text[0].upper()}{text[1:]}."


def headline(report):
    """How many findings of which verdict; on a healthy search, what would have shown."""
    counts = Counter(finding.verdict for finding in report.findings)
    parts = []
    if counts["fault"]:
        severities = Counter(f.severity for f in report.findings if f.verdict == "fault")
        kinds = ", ".join(f"{n} {severity}" for severity, n in severities.items())
        parts.append(f"{_count(counts['fault'], 'fault')} ({kinds})")
    if counts["undecided"]:
        parts.append(f"{counts['undecided']} undecided")
    if counts["not the cause"]:
        parts.append(f"{counts['not the cause']} present, but not the cause")
    if not any(check.outcome in ("clean", "found") for check in report.checks):
        parts = parts or ["nothing could be checked"]
    text = "; ".join(parts) or "no fault found"
    return f"{text[0].upper()}{text[1:]}." + ("" if counts["fault"] else _would_have_shown(report))


def _would_have_shown(report):
    if plain(report.detectable) is None:
        return ""
    amount = f"{number(report.detectable)} {report.score_name}"
    return f" An effect of {amount} or more would have shown."


def verdict(finding):
    """Severity of a fault; otherwise the verdict, which says more than the severity."""
    return finding.severity if finding.verdict == "fault" else finding.verdict


def effect(finding, score_name):
    """How much, and how sure: ``0.041 [0.02, 0.062] accuracy``, or ``proved``."""
    if plain(finding.effect) is None:
        return "proved" if finding.verdict == "fault" else "not measured"
    if finding.interval is None:
        return f"{number(finding.effect)} {score_name} (proved)"
    low, high = finding.interval
    return f"{number(finding.effect)} [{number(low)}, {number(high)}] {score_name}"


def attribution(report):
    """Rows of a table: codes, what mending them alone adds to the score, and what as the last."""
    return [
        (", ".join(each.codes), _change(each.alone), _change(each.last))
        for each in report.attribution
    ]


def _change(interval):
    if interval is None:
        return "not measured"
    mean, low, high = (plain(each) for each in interval)
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def tested_by(finding, report):
    """Sentences: how the checks that look for this code test, and whether they prove."""
    checks = [check for check in report.checks if finding.code in check.codes]
    found = [check for check in checks if check.outcome == "found"] or checks
    return [_sentence(check.method, check.proves) for check in found if check.method]


def _sentence(method, proves):
    sure = "a proof" if proves else "a measurement"
    return f"{method.rstrip('.')} ({sure})."


def evidence(finding):
    """Pairs of name and value, nested ones under dotted names, long ones cut."""
    return [(name, _cut(text)) for name, text in _flat(finding.evidence)]


def _flat(values, prefix=""):
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name.replace("_", " "), _value(plain(value))


def _value(value):
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(each)}" for key, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _cut(text):
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def split_checks(report):
    """Checks that found nothing, and those that could not tell."""
    clean = [check for check in report.checks if check.outcome == "clean"]
    unable = [check for check in report.checks if check.outcome in ("skipped", "crashed")]
    return clean, unable


def by_reason(checks):
    """Checks that could not tell, those for one reason together: names, codes and the reason."""
    groups = {}
    for check in checks:
        crashed = "crashed: " if check.outcome == "crashed" else ""
        groups.setdefault(f"{crashed}{check.reason}", []).append(check)
    return [
        (
            list(dict.fromkeys(check.name for check in group)),
            list(dict.fromkeys(code for check in group for code in check.codes)),
            reason,
        )
        for reason, group in groups.items()
    ]


def cost(report):
    """What the diagnosis cost, beside the search itself."""
    own = _fits_and_seconds(report.cost)
    if report.search.get("fits") is None:
        return f"The checks cost {own}."
    return f"The checks cost {own}; the search itself {_fits_and_seconds(report.search)}."


def _fits_and_seconds(values):
    text = _count(values["fits"], "fit")
    seconds = plain(values.get("seconds"))
    return text if seconds is None else f"{text}, {seconds:.1f} s"


def number(value):
    """Three significant digits.

    Examples
    --------
    >>> number(0.04123), number(1797), number(3.0), number(float("nan")), number(123456.0)
    ('0.0412', '1797', '3', 'not a number', '123456')
    """
    value = plain(value)
    if value is None:
        return "not a number"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:.0f}" if abs(value) < 1e9 else f"{value:.3g}"
    return f"{value:.3g}"


def clean_text(text):
    """Text of a user without what a terminal would take as a command; lines stay.

    Examples
    --------
    >>> clean_text("red \\x1b[31m")
    'red \\\\x1b[31m'
    """
    return "".join(
        char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in str(text)
    )


def _count(n, noun):
    return f"{n} {noun}{'' if n == 1 else 's'}"
