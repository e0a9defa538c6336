"""The rules of the notebooks hold, and nbval, which compares their claims with what was executed, bites."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from results import keep

from tools.notebook_rules import broken_rules

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_rules_hold(path):
    nbformat.validate(notebook := nbformat.read(path, as_version=4))
    assert list(broken_rules(notebook)) == []


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_chapters_are_named_in_the_order_of_their_numbers():
    parts = yaml.safe_load((NOTEBOOKS[0].parent / "_toc.yml").read_text("utf-8"))["parts"]
    chapters = [chapter["file"] for part in parts if part.get("numbered") for chapter in part["chapters"]]
    numbers = [int(name.split("_")[0]) for name in chapters]
    assert numbers == list(range(1, len(numbers) + 1))


def claim(stored):
    """A notebook with one cell that prints 4 and one stored output."""
    cell = new_code_cell("print(2 + 2)", execution_count=1, outputs=[new_output("stream", text=f"{stored}\n")])
    cell.metadata.tags = ["keep_output", "nbval-check-output"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=[cell], metadata=kernel)


def run_nbval(path, *options):
    command = [sys.executable, "-m", "pytest", "--nbval-lax", *options, "-c", "/dev/null", path.name]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=path.parent, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("stored", "returncode"), [(4, 0), (5, 1)])
def test_nbval_compares_claims(tmp_path, stored, returncode):
    path = tmp_path / "claim.ipynb"
    nbformat.write(claim(stored), path)
    done = run_nbval(path, "--nbval-current-env")
    assert done.returncode == returncode, done.stdout + done.stderr
    assert "1 failed" in done.stdout if returncode else "1 passed" in done.stdout


REPLAY = ("-p", "tools.replay", "--replay", "cache")


@pytest.mark.parametrize(("executed", "returncode"), [(4, 0), (5, 1)])
def test_nbval_compares_claims_with_what_a_build_has_executed(tmp_path, executed, returncode):
    path = tmp_path / "claim.ipynb"
    nbformat.write(claim(4), path)
    keep(get_cache(tmp_path / "cache"), claim(executed), path, {})
    done = run_nbval(path, *REPLAY)
    assert done.returncode == returncode, done.stdout + done.stderr
    assert "1 failed" in done.stdout if returncode else "1 passed" in done.stdout


def test_what_no_build_has_executed_is_no_proof(tmp_path):
    path = tmp_path / "claim.ipynb"
    nbformat.write(claim(4), path)
    done = run_nbval(path, *REPLAY)
    assert done.returncode == 1
    assert "claim.ipynb is not what was executed last. Run `make book` first." in done.stdout


def good():
    """The smallest notebook that keeps every rule."""
    notebook = claim(4)
    figure = new_code_cell("figures.plot_history(history)")
    figure.metadata.mystnb = {"figure": {"caption": "A curve.", "name": "fig-curve"}, "image": {"alt": "A curve"}}
    seed = new_code_cell("SEED = 0")
    words = new_markdown_cell("Some words.")
    notebook.cells = [new_markdown_cell("# Title"), seed, words, *notebook.cells, words, figure]
    return notebook


def test_good_notebook_breaks_no_rule():
    assert list(broken_rules(good())) == []


def test_a_folded_cell_needs_no_words_of_its_own():
    notebook = edit(fold("hide-cell"))
    del notebook.cells[2]
    notebook.cells.insert(1, notebook.cells.pop(2))
    assert list(broken_rules(notebook)) == []


def add_imports(source, tags=("hide-input",), prompt="Imports and settings"):
    """Change the first code cell into one that imports."""
    myst = {"code_prompt_show": prompt, "code_prompt_hide": prompt}

    def change(notebook):
        notebook.cells[1].update(source=source)
        notebook.cells[1].metadata.update(tags=list(tags), mystnb=myst)

    return change


def test_imports_and_settings_are_folded_together():
    source = "import numpy as np\n\nSEED = 0\nrng = np.random.default_rng(SEED)"
    assert list(broken_rules(edit(add_imports(source)))) == []


def edit(change):
    notebook = good()
    change(notebook)
    return notebook


def set_source(index, source):
    return lambda nb: nb.cells[index].update(source=source)


def fold(tag, show="Check: one is one", hide="Check: one is one", source="assert 1 == 1"):
    """Change the first code cell into a folded one."""

    def change(notebook):
        notebook.cells[1].update(source=f"SEED = 0\n{source}")
        notebook.cells[1].metadata.update(tags=[tag], mystnb={"code_prompt_show": show, "code_prompt_hide": hide})

    return change


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda nb: nb.metadata.kernelspec.update(name="python3.11"), "kernel must be python3"),
        (set_source(0, "No title"), "first cell must be the chapter's title"),
        (set_source(2, "# Second title"), "one heading of the first level"),
        (set_source(1, "x = 0"), "must set SEED"),
        (set_source(1, "SEED = 0\n" + "x = 1\n" * 25), "has 26 lines; 25 is the most"),
        (fold("hide-input", source="x = 1\n" * 25), "has 26 lines; 25 is the most"),
        (set_source(1, "SEED = 0\nx = " + "1" * 77), "has a line of 81 columns; 80 is the most"),
        (lambda nb: [c.update(source="SEED = 0\n" + "x = 1\n" * 9) for c in nb.cells[1::2]], "at most 8 lines; it has"),
        (set_source(1, " "), "cell 1 is empty"),
        (lambda nb: nb.cells.pop(2), "cell 2 has no words before it"),
        (lambda nb: nb.cells[3].metadata.update(tags=["keep_output"]), "must carry both tags"),
        (lambda nb: nb.cells[3].update(outputs=[]), "claims an output but stores none"),
        (lambda nb: nb.cells[3].update(execution_count=None), "claims an output but stores none"),
        (lambda nb: nb.cells[3].metadata.update(tags=[]), "stores an output without the tags"),
        (lambda nb: nb.cells[5].update(execution_count=1), "executed out of order"),
        (lambda nb: nb.cells[5].metadata.mystnb.pop("image"), "without alt text"),
        (lambda nb: nb.cells[5].metadata.mystnb.figure.pop("caption"), "without caption and name"),
        (lambda nb: nb.cells[5].metadata.mystnb.figure.update(caption="From N(0, 1)"), "formula as plain text"),
        (set_source(1, "SEED = 0\nfig, ax = plt.subplots()"), "without alt text"),
        (set_source(1, "SEED = 0\nplt.show()"), "calls plt.show()"),
        (set_source(1, "SEED = 0\nassert 1 == 1"), "verifies something; fold it"),
        (set_source(1, "SEED = 0\nnp.testing.assert_allclose(1, 1)"), "verifies something; fold it"),
        (fold("hide-cell", show="Look"), "must both say 'Check: ...'"),
        (fold("hide-cell", show="Check: two", hide="Check: one"), "must both say 'Check: ...'"),
        (fold("hide-input"), "verifies something; fold it"),
        (add_imports("import jax\nSEED = 0", tags=()), "imports; fold it"),
        (add_imports("from jax import jit\nSEED = 0", prompt="Show"), "imports; fold it"),
        (add_imports("import jax\nSEED = 0\n\ndef f():\n    return 1"), "hides 'def f():' among the imports"),
        (set_source(1, "SEED = 0\nprint(jax.__version__)"), "shows a version"),
        (lambda nb: nb.cells[3].metadata.tags.append("hide-cell"), "is folded and claims an output"),
        (lambda nb: nb.cells[3].outputs[0].update(text="below 3: True\n"), "claims True or False"),
        (set_source(5, "figures.plot_history(history)\n" + "x = 1\n" * 5), "more than 5 lines; fold its code"),
    ],
)  # fmt: skip
def test_each_rule_bites(change, rule):
    assert any(rule in sentence for sentence in broken_rules(edit(change)))
