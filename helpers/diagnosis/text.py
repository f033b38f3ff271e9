"""A report as text in a terminal."""

import textwrap

from helpers.diagnosis import wording
from helpers.diagnosis.findings import CODES

__all__ = ["to_text"]

WIDTH = 80
COLOURS = {"serious": "1;31", "warning": "1;33", "info": "1;34"}


def to_text(report, *, colour=False):
    """The report in lines of at most 80 columns, but for code, which is not broken.

    Parameters
    ----------
    report : Report
    colour : bool, default=False
        Whether verdicts are coloured by the codes that terminals understand.

    Returns
    -------
    str
    """
    clean, unable = wording.split_checks(report)
    blocks = [
        _head(report),
        *(_summary(i, each, report, colour) for i, each in enumerate(report.findings, 1)),
        _attribution(report),
        *_details(report),
        _clean(clean),
        _unable(unable),
        _wrap(wording.cost(report)),
    ]
    return "\n\n".join(block for block in blocks if block)


def _head(report):
    return "\n".join(
        _wrap(text)
        for text in (wording.title(report), wording.headline(report), wording.setting(report))
    )


def _summary(place, finding, report, colour):
    word = wording.verdict(finding)
    much = wording.effect(finding, report.score_name)
    first = f"{place}. {word.upper()}  {finding.code}  {much}"
    lines = [_wrap(first, after="   "), _wrap(finding.title, "   ")]
    if finding.fix.text:
        lines.append(_wrap(f"Fix: {finding.fix.text}", "   "))
    if finding.fix.lines:
        code = textwrap.dedent(wording.clean_text(finding.fix.lines)).strip("\n")
        lines.append(textwrap.indent(code, "       "))
    block = "\n".join(lines)
    return _coloured(block, word) if colour else block


def _coloured(block, word):
    return block.replace(word.upper(), f"\x1b[{COLOURS.get(word, '1')}m{word.upper()}\x1b[0m", 1)


def _attribution(report):
    rows = wording.attribution(report)
    if not rows:
        return ""
    lines = [_wrap(f"What mending each fault adds to the winner's {report.score_name}")]
    for codes, alone, last in rows:
        lines.append(_wrap(codes, "   ", "     "))
        lines.append(_wrap(f"alone {alone}; when the others are mended {last}", "     "))
    return "\n".join(lines)


def _details(report):
    if report.findings:
        yield "Details"
    for place, finding in enumerate(report.findings, 1):
        meaning = f"{place}. {finding.code}: {CODES[finding.code]}."
        lines = [_wrap(meaning, after="   ")]
        lines += [_wrap(f"{name}: {text}", "   ", "     ") for name, text in _evidence(finding)]
        lines += [_wrap(f"Tested: {one}", "   ") for one in wording.tested_by(finding, report)]
        yield "\n".join(lines)


def _evidence(finding):
    return [(name, text.replace("\n", " ")) for name, text in wording.evidence(finding)]


def _clean(checks):
    if not checks:
        return ""
    codes = ", ".join(dict.fromkeys(code for check in checks for code in check.codes))
    return f"Checked and found clean ({len(checks)})\n{_wrap(codes, '   ')}"


def _unable(checks):
    if not checks:
        return ""
    lines = [f"Not checked ({len(checks)})"]
    lines += [
        _wrap(f"{', '.join(codes or names)}: {reason}", "   ", "     ")
        for names, codes, reason in wording.by_reason(checks)
    ]
    return "\n".join(lines)


def _wrap(text, before="", after=None):
    return textwrap.fill(
        wording.clean_text(text),
        WIDTH,
        initial_indent=before,
        subsequent_indent=before if after is None else after,
        break_on_hyphens=False,
    )
