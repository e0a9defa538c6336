"""What stands around the chapters: reference, citation, ways to run, tags of the head; seen on a tiny book."""

import html
import json
import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from tiny_book import ROOT, build, make_tiny_book

pytestmark = pytest.mark.slow

PACKAGE = '''"""A package."""


def half(x: float, *, times: int = 1) -> float:
    """Return a half of `x`, or of what `half` returned::

        half(2 * 3)

    Args:
        x: a number, not | or `*`.
        times: how often.

    Raises:
        ValueError: never.
    """
    return x / 2**times
'''
REFERENCE = "# Reference\n\n```{eval-rst}\n.. py:module:: vae_core\n\n.. autofunction:: half\n```\n"
TEXT = "We use `vae_core.half`, and `vae_core.half` again, and `x_y`."
CODE = "from vae_core import half\n\nprint('é', half(3.0), half(4.0))"
HUB = "https://hub.example.org"
REPOSITORY = "https://github.com/someone/vae-book"


def make(root: Path) -> Path:
    """Write a tiny book with a reference; return where its HTML will be."""
    make_tiny_book(root, [CODE])
    (root / "vae_core" / "__init__.py").write_text(PACKAGE)
    (root / "book" / "api").mkdir()
    (root / "book" / "api" / "index.md").write_text(REFERENCE)
    (root / "book" / "running.md").write_text("# Ways to run\n\nThere are some.\n")
    toc = root / "book" / "_toc.yml"
    toc.write_text(toc.read_text() + "".join(f"      - file: {name}\n" for name in ("api/index", "running")))
    path = root / "book" / "08_chapter.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["source"] = f"# Chapter\n\n{TEXT}\n"
    path.write_text(json.dumps(notebook))
    config = root / "_config.yml"
    config.write_text(config.read_text().replace("execute_notebooks: cache", "execute_notebooks: 'off'"))
    return root / "_build" / "html"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plain")
    made = make(root)
    built = build(root)
    assert built.returncode == 0, built.stderr
    return made


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same book with a repository, a hub and an address."""
    root = tmp_path_factory.mktemp("hosted")
    made = make(root)
    config = root / "_config.yml"
    text = config.read_text().replace('url: ""', f"url: {REPOSITORY}", 1)
    text = text.replace('jupyterhub_url: ""', f"jupyterhub_url: {HUB}")
    config.write_text(
        text.replace("    language: en\n", "    language: en\n    html_baseurl: https://vae.example.org/\n")
    )
    built = build(root)
    assert built.returncode == 0, built.stderr
    return made


def page(made: Path, name: str = "08_chapter") -> str:
    return (made / f"{name}.html").read_text("utf-8")


def links(text: str) -> list[str]:
    return re.findall(r'<a [^>]*href="([^"#][^"]*)"', text)


def test_without_a_repository_no_chapter_names_a_host(plain: Path):
    for name in ("index", "08_chapter", "api/index", "running"):
        foreign = [link for link in links(page(plain, name)) if "://" in link]
        assert foreign in ([], ["https://arxiv.org/abs/1312.6114"]), name
        assert "launch-buttons" not in page(plain, name)


def test_one_setting_brings_the_buttons(hosted: Path):
    there = links(page(hosted))
    for start in (
        "https://mybinder.org/v2/gh/someone/vae-book/main?urlpath=lab/tree/book/08_chapter.ipynb",
        "https://colab.research.google.com/github/someone/vae-book/blob/main/book/08_chapter.ipynb",
        f"{HUB}/hub/user-redirect/git-pull?",
    ):
        assert any(link.startswith(start) for link in there), (start, there)
    assert not any("mybinder" in link for link in links(page(hosted, "index")))


def test_the_box_has_the_exact_command_and_the_notebook(plain: Path, hosted: Path):
    command = "make install &amp;&amp; .venv/bin/jupyter lab book/08_chapter.ipynb"
    box = re.search(r'<details class="run-chapter">.*?</details>', page(plain), re.DOTALL)
    assert f"<pre>{command}" in box[0]
    assert (plain / re.search(r'href="([^"]*)" download', box[0])[1]).is_file()
    assert 'href="running.html"' in box[0]
    assert f"<pre>git clone {REPOSITORY} &amp;&amp; cd vae-book &amp;&amp; {command}" in page(hosted)
    assert "run-chapter" not in page(plain, "running")


def test_the_reference_is_made_from_the_docstring(plain: Path):
    reference = page(plain, "api/index")
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", reference)))
    assert "half(x: float, *, times: int = 1) → float" in text
    assert "a number, not | or *." in text
    assert "half(2 * 3)" in text
    assert 'class="highlight-default' in reference
    assert '<code class="xref py py-obj docutils literal notranslate"><span class="pre">x</span></code>' in reference
    assert 'href="#vae_core.half" title="vae_core.half"><code' in reference


def test_the_first_mention_of_a_name_leads_to_the_reference(plain: Path):
    target = 'href="api/index.html#vae_core.half"'
    prose, code = page(plain).split('class="cell_input', 1)
    assert prose.count(target) == 1
    assert code.count(target) == 1
    assert f'<a class="api-link" {target}><span class="n">half</span></a><span class="p">(</span>' in code


def test_the_citation_is_that_of_the_file():
    record = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    text = (ROOT / "book" / "citing.md").read_text("utf-8")
    ((author,),), year = (one.values() for one in record["authors"]), record["date-released"].year
    assert f"> {author} ({year}). {record['title']} (version {record['version']})." in text
    for name, value in {"author": f"{{{author}}}", "title": record["title"], "year": year}.items():
        assert re.search(rf"^  {name} *= {re.escape(f'{{{value}}},')}$", text, re.MULTILINE), name
    assert f"vae_core, version {record['version']}}}," in text
    assert record["version"] == metadata.version("vae-core")
    for place in {"doi", "repository-code", "url"} & record.keys():
        assert record[place] in text


def test_the_head_describes_the_page(plain: Path, hosted: Path):
    assert '<meta property="og:title" content="Chapter" />' in page(plain)
    assert '<meta name="description" content="We use vae_core.half, and vae_core.half again' in page(plain)
    assert '<meta property="og:image" content="_static/card.png" />' in page(plain)
    assert '<meta property="og:image" content="../_static/card.png" />' in page(plain, "api/index")
    assert '<meta property="og:image" content="https://vae.example.org/_static/card.png" />' in page(hosted)
    assert '<meta property="og:url" content="https://vae.example.org/api/index.html" />' in page(hosted, "api/index")
    assert '<meta property="og:image:alt" content="The title of the book' in page(plain)
    assert "og:" not in page(plain, "search")
    assert (plain / "_static" / "card.png").is_file()
