"""The index of the search: every section, term, function and work of a page, each with what it says and no more."""

import pytest
from search_index import entries

FORMULA = (
    '<span class="math"><span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>log</mi>'
    "<mo>\u2061</mo><mi>p</mi></mrow><annotation>\\log p</annotation></semantics></math></span>"
    '<span class="katex-html">logp</span></span></span>'
)
LINK = '<a class="headerlink" href="#a">#</a>'


def test_a_section_has_its_own_text_and_not_that_of_the_sections_in_it():
    body = (
        f'<section id="a"><h1>Title{LINK}</h1><p>First.</p>'
        f'<section id="b"><h2>Part{LINK}</h2><p>Second.</p></section></section>'
    )
    assert entries(body) == [("a", "Title", "First."), ("b", "Part", "Second.")]


def test_terms_and_functions_are_found_by_themselves():
    body = (
        f'<section id="a"><h1>Title</h1><dl><dt id="term-nat">nat{LINK}</dt><dd><p>A unit.</p></dd></dl>'
        '<dl><dt class="sig" id="m.C">class C(x)</dt><dd><p>A class.</p>'
        '<dl><dt class="sig" id="m.C.f">f()</dt><dd><p>A method.</p></dd></dl></dd></dl></section>'
    )
    assert entries(body) == [
        ("a", "Title", ""),
        ("term-nat", "nat", "A unit."),
        ("m.C", "m.C", "class C(x) A class."),
        ("m.C.f", "m.C.f", "f() A method."),
    ]


@pytest.mark.parametrize(
    "authors", ["Diederik P. Kingma and Max Welling", "Yann LeCun, Ricky T. Q. Chen, and others", "Carl Doersch"]
)
def test_a_work_is_found_under_its_authors(authors: str):
    body = f'<div class="citation" id="k"><span class="label">[K]</span><p>{authors}. A title. 2014.</p></div>'
    assert entries(body) == [("k", authors, "A title. 2014.")]


def test_formulas_are_read_as_they_look_and_code_is_not_read():
    body = (
        f'<section id="a"><h1>Title</h1><p>The value {FORMULA}, in nats.</p><div class="math">x</div><p>So</p>'
        "<pre>import this</pre><details><summary>Show</summary></details><script>1</script></section>"
    )
    assert entries(body) == [("a", "Title", "The value log p, in nats. … So")]
