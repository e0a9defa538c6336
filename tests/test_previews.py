"""What a reference leads to, in short: each kind of thing that has an anchor on a page."""

import pytest
from previews import ENOUGH, ROWS, previews

LONG = "word " * ENOUGH
FORMULA = '<span class="katex"><math><mi>x</mi></math><span class="katex-html" style="height:1em">x</span></span>'
KINDS = {
    "equation": (
        f'<div class="math" id="a"><span class="eqno">(1)<a class="headerlink" href="#a">#</a></span>{FORMULA}</div>',
        f'<div class="math"><span class="eqno">(1)</span>{FORMULA}</div>',
    ),
    "figure": (
        '<figure id="a"><a href="x.svg"><img alt="A line." src="../_images/x.svg"/></a>'
        "<figcaption>Cap</figcaption></figure>",
        '<figure><img alt="A line." src="_images/x.svg"/><figcaption>Cap</figcaption></figure>',
    ),
    "still picture of a widget": (
        '<figure id="a"><script>{}</script><noscript><p class="widget-fallback">Still:</p><img src="../x.png"/>'
        "</noscript></figure>",
        '<figure><img src="x.png"/></figure>',
    ),
    "paragraph": ('<p id="a">Layers of <a href="#b">Keras</a>.</p>', "<p>Layers of Keras.</p>"),
    "term": (
        '<dl><dt id="a">nat<a class="headerlink" href="#a">#</a></dt><dd><p>A <a href="#b">unit</a>.</p></dd></dl>',
        '<p class="preview-title">nat</p><p>A unit.</p>',
    ),
    "work": (
        '<div class="citation" id="a"><span class="label">[K]</span><p>Kingma. <em>Title</em>. 2014.</p></div>',
        "<p>Kingma. <em>Title</em>. 2014.</p>",
    ),
    "exercise": (
        '<div class="exercise" id="a"><p class="admonition-title">Exercise 1</p>'
        "<section><p>Show it.</p></section></div>",
        '<p class="preview-title">Exercise 1</p><p>Show it.</p>',
    ),
    "function": (
        '<dl><dt class="sig" id="a"><span>f</span>(<ul>\n<li>x: Float[A, "n"],</li>\n<li>y &lt; 1,</li>\n</ul>)</dt>'
        "<dd><p>First.</p><p>Second.</p></dd></dl>",
        '<code class="preview-title">f(x: Float[A, "n"], y &lt; 1)</code><p>First.</p>',
    ),
    "section": (
        '<section id="a"><h2>1.1 Name<a class="headerlink" href="#a">#</a></h2><div>x</div>'
        "<p>First.</p><p>Then.</p></section>",
        '<p class="preview-title">1.1 Name</p><p>First.</p>',
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_everything_with_an_anchor_is_shown_in_short(kind: str):
    body, expected = KINDS[kind]
    assert previews(body, "api/page") == {"a": expected}


def test_a_page_is_shown_by_its_heading_and_first_paragraph():
    body = '<section id="title"><span id="label"></span><h1>Title</h1><p>First.</p></section>'
    shown = '<p class="preview-title">Title</p><p>First.</p>'
    assert previews(body, "page") == {"title": shown, "label": shown, "": shown}


def test_what_is_long_is_cut_between_blocks():
    blocks = f"<p>{LONG}</p><p>Last.</p>"
    shown = previews(f'<dl><dt id="a">term</dt><dd><p>First.</p>{blocks}</dd></dl>', "page")["a"]
    assert shown.endswith(f"<p>First.</p><p>{LONG}</p>")


def test_a_table_is_cut_between_rows():
    rows = "".join(f"<tr><td>{row}</td></tr>" for row in range(ROWS + 2))
    shown = previews(f'<table id="a"><caption>Cap</caption><tbody>{rows}</tbody></table>', "page")["a"]
    assert "Cap" in shown
    assert shown.count("<tr>") == ROWS


def test_what_has_no_short_form_is_left_out():
    body = '<span id="a">x</span><div class="math">x</div><section id="b"><p>no heading</p></section>'
    assert previews(body, "page") == {}


def test_no_preview_holds_links_anchors_or_scripts():
    for body, _ in KINDS.values():
        shown = previews(body.replace("<p>", '<p><span id="inner"></span>'), "page")["a"]
        for unwanted in ("<a", "id=", "<script", "<button", "headerlink"):
            assert unwanted not in shown
