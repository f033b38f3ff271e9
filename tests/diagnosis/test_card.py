"""A report as HTML: for every theme, keyboard and reader, and no string taken at its word."""

import re
from html.parser import HTMLParser

import pytest
import reports

from helpers.diagnosis import card

MAKERS = [reports.rich, reports.healthy, reports.hostile]
every_card = pytest.mark.parametrize("make", MAKERS)
VOID = {"meta"}
PAGE = {"html", "head", "meta", "title", "body"}
BLOCKS = {"section", "style", "h3", "h4", "p", "ol", "li", "div", "span", "details", "summary"}
TABLES = {"table", "caption", "thead", "tbody", "tr", "th", "td", "pre", "code"}


class Outline(HTMLParser):
    """Tags with their attributes; fails where they do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def style(text):
    return re.search("<style>(.*?)</style>", text, re.S)[1]


def contrast(one, other):
    """WCAG 2.2's ratio of two colours."""
    light, dark = sorted(map(luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@every_card
def test_it_is_well_formed_and_has_no_tag_of_the_user(make):
    for text in (make()._repr_html_(), make().to_html()):
        outline = Outline(text)
        assert {tag for tag, _ in outline.tags} <= PAGE | BLOCKS | TABLES
        text.encode()


@every_card
def test_it_fetches_nothing(make):
    text = make().to_html()
    assert not re.search(r"https?:|url\(|@import|src=|href=", text)


def test_strings_of_the_user_are_shown_as_written():
    words = "".join(Outline(reports.hostile()._repr_html_()).words)
    assert words.count('<script>alert("x")</script> & \\x1b[31m\\udcff') > 8


@every_card
def test_no_rule_reaches_beyond_the_card(make):
    rules = re.sub(r"@media [^{]*\{(.*?\})\s*\}", r"\1", style(make()._repr_html_()))
    selectors = [part for rule in re.findall(r"([^{}]+)\{", rules) for part in rule.split(",")]
    assert len(selectors) > 20
    assert [one for one in selectors if f".{card.CLASS}" not in one] == []


def test_dark_is_the_systems_or_jupyterlabs():
    rules = style(reports.rich()._repr_html_())
    assert "@media (prefers-color-scheme: dark)" in rules
    assert '[data-jp-theme-light="false"]' in rules
    assert '[data-jp-theme-light="true"]' in rules


@pytest.mark.parametrize("palette", [card.LIGHT, card.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("back", ["back", "inset"])
@pytest.mark.parametrize("name", ["text", "muted", "serious", "warning", "info", "good"])
def test_text_can_be_read(palette, back, name):
    assert contrast(palette[name], palette[back]) >= 4.5


@every_card
def test_a_screen_reader_finds_its_way(make):
    outline = Outline(make()._repr_html_())
    (section,) = outline.named("section")
    assert section["aria-label"].startswith("Diagnosis of ")
    assert len(outline.named("h3")) == 1
    assert all(header.get("scope") in ("row", "col") for header in outline.named("th"))
    assert len(outline.named("details")) == len(outline.named("summary"))
    assert all(code.get("tabindex") == "0" for code in outline.named("pre"))


def test_each_finding_says_what_how_much_and_the_fix_without_unfolding():
    text = reports.rich()._repr_html_()
    before = text.partition("<details")[0]
    for words in ("serious", "12 of 18 fits", "0.0412 [0.021, 0.0614] accuracy", "Hand over"):
        assert words in before
    assert len(Outline(text).named("li")) == 4


def test_several_faults_are_told_apart_in_a_table():
    words = Outline(reports.rich()._repr_html_()).words
    assert "What mending each fault adds to the winner's accuracy" in words
    place = words.index("-0.041 [-0.061, -0.021]")
    assert words[place - 1 : place + 2] == [
        "state/shared-weights", "-0.041 [-0.061, -0.021]", "not measured",
    ]  # fmt: skip


def test_a_healthy_card_is_short_and_says_what_it_would_have_found():
    words = Outline(reports.healthy()._repr_html_()).words
    assert "No fault found. An effect of 0.016 accuracy or more would have shown." in words
    assert "a winner less than 0.02 ahead of the next" in words
