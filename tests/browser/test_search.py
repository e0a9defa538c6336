"""The search page, from disk and over HTTP: what a student types leads to the right page, with an excerpt."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from inspection import AXE, THEMES, WIDTHS, open_page
from playwright.sync_api import Browser, Page

# What is typed, and a page that must be among the first three.
QUERIES = {
    "ELBO": "06_elbo.html",
    "variational free energy": "06_elbo.html",
    "Jensen's inequality": "06_elbo.html",
    "gray pixels": "06_elbo.html",
    "bits per dim": "06_elbo.html",
    "reparametrization": "07_reparameterisation.html",
    "reparametrisation trick": "07_reparameterisation.html",
    "reparameterize": "07_reparameterisation.html",
    "log derivative trick": "07_reparameterisation.html",
    "score fuction": "07_reparameterisation.html",
    "KL divergence": "05_variational_inference.html",
    "kullback leibler": "glossary.html",
    "EM algorithm": "05_variational_inference.html",
    "marginal likelihood": "04_probabilistic_model.html",
    "evidense": "04_probabilistic_model.html",
    "generative vs discriminative": "01_generative_and_discriminative.html",
    "autoenconder": "02_limits_of_autoencoders.html",
    "mean-field": "glossary.html",
    "posterior colapse": "glossary.html",
    "what does nat mean": "glossary.html",
    "Kingma and Welling": "bibliography.html",
    "rezende": "bibliography.html",
    "load_mnist": "api/data.html",
    "plot image rows": "api/figures.html",
    "ContinuousBernoulli": "api/likelihoods.html",
    "how to install": "running.html",
    "training speed": "appendix_speed.html",
}
FOUND = """() => [...document.querySelectorAll('#search-found section')].map((section) => ({
  page: section.querySelector('h2 a').getAttribute('href'),
  excerpts: [...section.querySelectorAll('li p')].map((excerpt) => excerpt.textContent),
  marked: section.querySelectorAll('mark').length,
}))"""


@pytest.fixture(scope="module", params=["file", "http"])
def search(request: pytest.FixtureRequest, browser: Browser, serve, book: Path) -> Iterator[Page]:
    """The search page as it is without a query."""
    address = serve(book) if request.param == "http" else book.as_uri()
    page, found = open_page(browser, f"{address}/search.html")
    yield page
    page.context.close()
    assert found == []


def asked(search: Page, query: str) -> list[dict]:
    search.locator(".bd-search-container input").fill(query)
    return search.evaluate(FOUND)


@pytest.mark.parametrize("query", QUERIES)
def test_the_right_page_is_among_the_first_three(search: Page, query: str):
    found = asked(search, query)
    assert QUERIES[query] in [result["page"] for result in found[:3]]
    assert all(result["excerpts"] for result in found)
    assert all(len(excerpt) < 260 for result in found for excerpt in result["excerpts"])
    assert found[0]["marked"] > 0


@pytest.mark.parametrize("query", ["ELBO", "reconstruction", "Bernoulli", "posterior"])
def test_chapters_come_before_functions(search: Page, query: str):
    found = [result["page"] for result in asked(search, query)]
    chapters = [place for place, page in enumerate(found) if page[:2].isdigit()]
    functions = [place for place, page in enumerate(found) if page.startswith("api/")]
    assert chapters
    assert functions
    assert min(chapters) < min(functions)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("evidense", "evidence"), ("posterior colapse", "posterior collapse"), ("autoenconder", "autoencoder")],
)
def test_a_misspelt_word_brings_a_suggestion(search: Page, typed: str, meant: str):
    asked(search, typed)
    status = search.locator("#search-status")
    assert f"Did you mean {meant}?" in status.inner_text()
    status.get_by_role("link").click()
    search.wait_for_url(f"**/search.html?q={quote(meant)}")
    assert search.locator(".bd-search-container input").input_value() == meant
    assert "Did you mean" not in status.inner_text()


@pytest.mark.parametrize(
    "query", ["evidence lower bound", "variational free energy", "reparametrisation", "load_mnist"]
)
def test_a_word_of_the_book_or_of_its_synonyms_brings_none(search: Page, query: str):
    asked(search, query)
    assert "Did you mean" not in search.locator("#search-status").inner_text()


def test_british_and_american_spellings_find_the_same(search: Page):
    for british, american in [
        ("optimisation", "optimization"),
        ("colour", "color"),
        ("modelling", "modeling"),
        ("centred", "centered"),
        ("reparameterisation", "reparametrization"),
    ]:
        assert asked(search, british) == asked(search, american) != []


def test_nothing_found_is_said(search: Page):
    assert asked(search, "qqqqqqqqqqqq") == []
    assert search.locator("#search-status").inner_text() == "No pages for “qqqqqqqqqqqq”."
    assert asked(search, " ") == []
    assert search.locator("#search-status").inner_text() == ""


def test_a_query_is_text_and_not_html(search: Page):
    asked(search, "<img src=x onerror=alert(1)> ELBO")
    assert search.locator("#search-status img, #search-found img").count() == 0


def test_a_result_leads_to_its_section(search: Page, browser: Browser):
    asked(search, "Jensen's inequality")
    link = search.locator("#search-found li a").first
    page, _ = open_page(browser, link.evaluate("(link) => link.href"))
    assert page.url.partition("#")[0].endswith("06_elbo.html")
    assert page.locator(":target > :is(h2, h3)").inner_text().startswith(link.inner_text())
    page.context.close()


def test_the_way_back_from_a_result_leads_to_what_was_typed(search: Page):
    found = asked(search, "Jensen's inequality")
    search.locator("#search-found a").first.click()
    search.wait_for_url(f"**/{found[0]['page']}*")
    search.go_back()
    search.wait_for_url("**/search.html?q=*")
    assert search.locator(".bd-search-container input").input_value() == "Jensen's inequality"
    assert search.evaluate(FOUND) == found


def test_every_page_has_the_search(browser: Browser, book: Path):
    page, found = open_page(browser, f"{book.as_uri()}/api/data.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("evidense")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=evidense")
    assert "Did you mean evidence?" in page.locator("#search-status").inner_text()
    assert page.locator("#search-status").get_attribute("role") == "status"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=evidence")
    page.context.close()
    assert found == []


def test_results_are_accessible_in_every_theme_and_width(browser: Browser, book: Path, serve):
    page, found = open_page(browser, f"{serve(book)}/search.html?q=evidense")
    page.evaluate(AXE_SCRIPT)
    for theme in THEMES:
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(AXE, theme) == []
    ring = page.evaluate("getComputedStyle(document.querySelector('.bd-search-container form')).boxShadow")
    assert ring.startswith("rgb(127, 195, 220)")
    page.context.close()
    assert found == []
