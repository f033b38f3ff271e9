"""A report as an HTML card: in a notebook, or on a page of its own."""

from html import escape

from helpers.diagnosis import wording
from helpers.diagnosis.findings import CODES

__all__ = ["DARK", "LIGHT", "to_html", "to_page"]

CLASS = "search-diagnosis"
# Each colour of text has a contrast of at least 4.5 to both backgrounds (WCAG 2.2, AA).
LIGHT = {
    "back": "#ffffff",
    "inset": "#f3f4f6",
    "line": "#c9ced6",
    "text": "#1b1f24",
    "muted": "#525964",
    "serious": "#b3201a",
    "warning": "#855000",
    "info": "#1a56b8",
    "good": "#0f6631",
}
DARK = {
    "back": "#16191e",
    "inset": "#22262d",
    "line": "#454c57",
    "text": "#e8eaed",
    "muted": "#b0b7c1",
    "serious": "#ff9d92",
    "warning": "#f3c452",
    "info": "#8fbaff",
    "good": "#80dda4",
}

# `.c.c`: JupyterLab's own rules for outputs are as specific as `.c td`, and more so for rows.
RULES = """
.c.c { background: var(--sd-back); color: var(--sd-text); border: 1px solid var(--sd-line);
  border-radius: 6px; padding: 0.9em 1.1em; max-width: 60em; font: 14px/1.5 system-ui, sans-serif;
  overflow-wrap: break-word; text-align: left; }
.c.c h3, .c.c h4 { color: inherit; font-weight: 600; margin: 0; padding: 0; line-height: 1.35; }
.c.c h3 { font-size: 1.2em; }
.c.c h4 { font-size: 1em; }
.c.c p { margin: 0.25em 0; }
.c.c .muted { color: var(--sd-muted); }
.c.c ol { list-style: none; margin: 0.8em 0; padding: 0; }
.c.c ol > li { border-top: 1px solid var(--sd-line); margin: 0; padding: 0.7em 0 0.7em 0.8em;
  border-left: 4px solid var(--sd-muted); margin-top: -1px; }
.c.c ol > li.serious { border-left-color: var(--sd-serious); }
.c.c ol > li.warning { border-left-color: var(--sd-warning); }
.c.c ol > li.info { border-left-color: var(--sd-info); }
.c.c .verdict { font-weight: 700; color: var(--sd-muted); }
.c.c .serious > .about > .verdict { color: var(--sd-serious); }
.c.c .warning > .about > .verdict { color: var(--sd-warning); }
.c.c .info > .about > .verdict { color: var(--sd-info); }
.c.c .headline { font-weight: 600; }
.c.c .headline.good { color: var(--sd-good); }
.c.c .about { display: flex; flex-wrap: wrap; gap: 0 1em; }
.c.c code, .c.c pre { font: 0.92em/1.45 ui-monospace, Consolas, monospace; color: inherit;
  background: var(--sd-inset); border: 0; border-radius: 4px; }
.c.c code { padding: 0 0.3em; }
.c.c pre { margin: 0.4em 0; padding: 0.5em 0.7em; overflow-x: auto; white-space: pre; }
.c.c pre code { padding: 0; font-size: 1em; }
.c.c details { margin: 0.3em 0; }
.c.c summary { cursor: pointer; display: list-item; color: var(--sd-text); }
.c.c summary:focus-visible, .c.c pre:focus-visible { outline: 2px solid var(--sd-info);
  outline-offset: 2px; }
.c.c table { border-collapse: collapse; margin: 0.4em 0; font-size: 0.95em; width: 100%;
  table-layout: auto; color: inherit; }
.c.c caption { text-align: left; color: var(--sd-muted); padding: 0.2em 0; }
.c.c tbody tr:nth-child(n), .c.c tbody tr:nth-child(n):hover { background: transparent; }
.c.c th, .c.c td { text-align: left; vertical-align: top; padding: 0.25em 0.8em 0.25em 0;
  border: 0; border-top: 1px solid var(--sd-line); white-space: normal; color: inherit;
  background: transparent; max-width: none; }
.c.c thead th { border-top: 0; }
.c.c th[scope="row"] { font-weight: 500; width: 11em; }
"""


def to_html(report):
    """The card, with its style: all of it under one class, nothing fetched.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    clean, unable = wording.split_checks(report)
    parts = [
        f"<style>{_style()}</style>",
        f"<h3>{_safe(wording.title(report))}</h3>",
        _headline(report),
        f'<p class="muted">{_safe(wording.setting(report))}</p>',
        _findings(report),
        _attribution(report),
        _clean(clean),
        _unable(unable),
        f'<p class="muted">{_safe(wording.cost(report))}</p>',
    ]
    name = _safe(wording.title(report))
    return f'<section class="{CLASS}" aria-label="{name}">{"".join(parts)}</section>'


def to_page(report):
    """The card on a page of its own."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_safe(wording.title(report))}</title></head>"
        f"<body>{to_html(report)}</body></html>\n"
    )


def _style():
    """Dark where the system asks for it, unless JupyterLab's theme says otherwise."""
    light, dark = (
        "".join(f"--sd-{name}: {colour}; " for name, colour in palette.items())
        + f"color-scheme: {scheme};"
        for palette, scheme in ((LIGHT, "light"), (DARK, "dark"))
    )
    return (
        f".{CLASS} {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ .{CLASS} {{ {dark} }} }}\n"
        f'[data-jp-theme-light="true"] .{CLASS} {{ {light} }}\n'
        f'[data-jp-theme-light="false"] .{CLASS} {{ {dark} }}\n'
        + RULES.replace(".c.c", f".{CLASS}.{CLASS}")
    )


def _headline(report):
    healthy = not report.findings and any(check.outcome == "clean" for check in report.checks)
    good = " good" if healthy else ""
    return f'<p class="headline{good}">{_safe(wording.headline(report))}</p>'


def _findings(report):
    items = "".join(_finding(finding, report) for finding in report.findings)
    return f"<ol>{items}</ol>" if items else ""


def _finding(finding, report):
    word = wording.verdict(finding)
    look = word if finding.verdict == "fault" else "other"
    return (
        f'<li class="{look}"><div class="about"><span class="verdict">{_safe(word)}</span>'
        f"<span>{_safe(wording.effect(finding, report.score_name))}</span>"
        f'<span class="muted">{_safe(finding.code)}</span></div>'
        f"<h4>{_safe(finding.title)}</h4>{_fix(finding.fix)}{_details(finding, report)}</li>"
    )


def _fix(fix):
    text = f"<p>Fix: {_safe(fix.text)}</p>" if fix.text else ""
    # Scrolls sideways, so the keyboard has to reach it.
    code = _safe(fix.lines.strip("\n"))
    lines = f'<pre tabindex="0" role="group" aria-label="code to write"><code>{code}</code></pre>'
    return text + (lines if fix.lines else "")


def _details(finding, report):
    rows = "".join(_row(name, value) for name, value in wording.evidence(finding))
    table = f"<table><caption>Evidence</caption><tbody>{rows}</tbody></table>" if rows else ""
    tested = "".join(f"<p>Tested: {_safe(one)}</p>" for one in wording.tested_by(finding, report))
    meaning = f"<p>{_safe(CODES[finding.code]).capitalize()}.</p>"
    return _unfolding(f"Details of {finding.code}", meaning + table + tested)


def _attribution(report):
    rows = "".join(_row(*row) for row in wording.attribution(report))
    if not rows:
        return ""
    head = _head("fault", "mended alone", "mended last")
    caption = f"What mending each fault adds to the winner's {report.score_name}"
    return _table(head, rows, caption)


def _clean(checks):
    if not checks:
        return ""
    rows = "".join(_row(check.name, check.method, check.reason) for check in checks)
    head = _head("check", "how it tests", "what it would have found")
    return _unfolding(f"Checked and found clean: {len(checks)}", _table(head, rows))


def _unable(checks):
    if not checks:
        return ""
    rows = "".join(
        _row(", ".join(names), ", ".join(codes), reason)
        for names, codes, reason in wording.by_reason(checks)
    )
    head = _head("check", "for", "why not")
    return _unfolding(f"Not checked: {len(checks)}", _table(head, rows))


def _unfolding(summary, content):
    return f"<details><summary>{_safe(summary)}</summary>{content}</details>"


def _table(head, rows, caption=""):
    caption = f"<caption>{_safe(caption)}</caption>" if caption else ""
    return f"<table>{caption}<thead>{head}</thead><tbody>{rows}</tbody></table>"


def _head(*names):
    return "<tr>" + "".join(f'<th scope="col">{_safe(name)}</th>' for name in names) + "</tr>"


def _row(name, *values):
    cells = "".join(f"<td>{_safe(value)}</td>" for value in values)
    return f'<tr><th scope="row">{_safe(name)}</th>{cells}</tr>'


def _safe(text):
    return escape(wording.clean_text(text))
