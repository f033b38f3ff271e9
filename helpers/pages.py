"""Executed notebooks as HTML pages that need no network."""

from __future__ import annotations

import logging

from jinja2 import DictLoader
from nbconvert import HTMLExporter
from nbformat import NotebookNode

# nbconvert's own page loads require.js, MathJax, Mermaid and widgets from the network; without
# the scripts formulas stay as they were typed. It also drops an image's alternative text.
OFFLINE_TEMPLATE = """
{%- extends "lab/index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block data_png scoped -%}
{%- set alt = output | get_metadata("alt", "image/png") -%}
<div class="jp-RenderedImage jp-OutputArea-output {{ extra_class }}">
<img src="data:image/png;base64,{{ output.data["image/png"] | escape_html }}"
{%- if alt is not none %} alt="{{ alt | escape_html }}"{% endif %}>
</div>
{%- endblock -%}
"""


def to_html(notebook: NotebookNode, title: str) -> str:
    """One self-contained HTML page.

    Parameters
    ----------
    notebook : NotebookNode
        Executed or not. The alternative text of an image is taken from its output's metadata:
        ``display(figure, metadata={"image/png": {"alt": "..."}})``.
    title : str
        Of the browser's tab.

    Returns
    -------
    str

    Examples
    --------
    >>> import nbformat
    >>> cell = nbformat.v4.new_markdown_cell("# The question")
    >>> "The question" in to_html(nbformat.v4.new_notebook(cells=[cell]), "00")
    True
    """
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": OFFLINE_TEMPLATE})],
        template_file="offline.html.j2",
        log=logging.getLogger(__name__),
    )
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return page
