"""Check the rules that every notebook of the book keeps.

    python tools/notebook_rules.py NOTEBOOK [NOTEBOOK ...]

Prints one line per broken rule and exits with 1 if there is any.
"""

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

MAX_CELL_LINES = 25
MAX_COLUMNS = 80  # as many as a page shows beside each other at 1280 pixels
MAX_MEDIAN_LINES = 8
LONGEST_OPEN_FIGURE = 5  # lines of code that a page may show above a figure
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
CLAIM_TAGS = {"keep_output", "nbval-check-output"}
IMPORTS = "Imports and settings"  # the line under which they are folded
UNSET = re.compile(r"\b[Npq]\(")  # a density in the letters of a sentence
SETTING = re.compile(r"SEED = |rng = |plt\.style\.|jax\.config\.|keras\.utils\.set_random_seed\(")
VERIFIES = re.compile(r"^\s*assert |\bnp\.testing\.|\.assert_", re.MULTILINE)
DRAWS = re.compile(r"\bfigures\.plot_|\bplt\.(subplots|figure)\(")


def lines(cell: Any) -> int:
    """Count the lines of a cell's source."""
    return len(cell.source.splitlines())


def tags(cell: Any) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def import_rules(cell: Any) -> Iterator[str]:
    """Yield what is wrong with a cell that imports: it is folded, so it holds nothing that a reader is to read."""
    if not re.search(r"^(import|from) ", cell.source, re.MULTILINE):
        return
    myst = cell.metadata.get("mystnb", {})
    if "hide-input" not in tags(cell) or {myst.get(f"code_prompt_{way}") for way in ("show", "hide")} != {IMPORTS}:
        yield f"imports; fold it by the tag hide-input, both of its prompts saying '{IMPORTS}'"
    others = [node for node in ast.parse(cell.source).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    if hidden := [line for line in map(ast.unparse, others) if not SETTING.match(line)]:
        yield f"hides '{hidden[0].splitlines()[0]}' among the imports; write it into a cell that a reader sees"


def folding_rules(cell: Any) -> Iterator[str]:
    """Yield what is wrong with how a code cell is folded: checks under one line, long plotting code under another."""
    shown, hidden = (str(cell.metadata.get("mystnb", {}).get(f"code_prompt_{way}")) for way in ("show", "hide"))
    is_folded = "hide-cell" in tags(cell)
    if VERIFIES.search(cell.source) and not is_folded:
        yield "verifies something; fold it by the tag hide-cell, apart from the code that a reader is to read"
    if is_folded and not (shown == hidden and shown.startswith("Check: ")):
        yield "is folded; its metadata mystnb.code_prompt_show and code_prompt_hide must both say 'Check: ...'"
    if is_folded and tags(cell) >= CLAIM_TAGS:
        yield "is folded and claims an output; print claims in an open cell"
    if DRAWS.search(cell.source) and lines(cell) > LONGEST_OPEN_FIGURE and not tags(cell) & FOLDED:
        yield f"draws a figure with more than {LONGEST_OPEN_FIGURE} lines; fold its code by the tag hide-input"
    if tags(cell) >= CLAIM_TAGS and re.search(r"\b(True|False)\b", "".join(o.get("text", "") for o in cell.outputs)):
        yield "claims True or False; print the number"


def broken_rules(notebook: Any) -> Iterator[str]:
    """Yield a sentence for every rule that a notebook breaks."""
    cells = notebook.cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")

    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel must be python3"
    if not cells or cells[0].cell_type != "markdown" or not cells[0].source.startswith("# "):
        yield "the first cell must be the chapter's title"
    if len(re.findall(r"^# ", re.sub(r"(?ms)^```.*?^```", "", prose), re.MULTILINE)) != 1:
        yield "there must be one heading of the first level"
    if not any(re.search(r"^SEED = \d+$", cell.source, re.MULTILINE) for cell in code):
        yield "a cell must set SEED"
    if code and (median := statistics.median(map(lines, code))) > MAX_MEDIAN_LINES:
        yield f"the median code cell must have at most {MAX_MEDIAN_LINES} lines; it has {median:g}"

    last_count = 0
    for number, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        where = f"cell {number}"
        if not cell.source.strip():
            yield f"{where} is empty"
        if lines(cell) > MAX_CELL_LINES:
            yield f"{where} has {lines(cell)} lines; {MAX_CELL_LINES} is the most"
        if (columns := max(map(len, cell.source.splitlines()), default=0)) > MAX_COLUMNS:
            yield f"{where} has a line of {columns} columns; {MAX_COLUMNS} is the most"
        yield from (f"{where} {what}" for rules in (import_rules, folding_rules) for what in rules(cell))
        if "__version__" in cell.source:
            yield f"{where} shows a version; they all stand in reproducibility.ipynb"
        if number and cells[number - 1].cell_type != "markdown" and not tags(cell) & FOLDED:
            yield f"{where} has no words before it"
        if tags(cell) & CLAIM_TAGS and not tags(cell) >= CLAIM_TAGS:
            yield f"{where} must carry both tags {sorted(CLAIM_TAGS)} or none"
        if tags(cell) >= CLAIM_TAGS:
            if not cell.outputs or cell.execution_count is None:
                yield f"{where} claims an output but stores none; run `make claims`"
        elif cell.outputs:
            yield f"{where} stores an output without the tags {sorted(CLAIM_TAGS)}; run `make format`"
        if cell.execution_count is not None:
            if cell.execution_count <= last_count:
                yield f"{where} was executed out of order"
            last_count = cell.execution_count
        is_on_page = "remove-output" not in cell.metadata.get("tags", [])
        if is_on_page and DRAWS.search(cell.source):
            myst = cell.metadata.get("mystnb", {})
            if not myst.get("image", {}).get("alt"):
                yield f"{where} draws a figure without alt text (metadata mystnb.image.alt)"
            if not {"caption", "name"} <= set(myst.get("figure", {})):
                yield f"{where} draws a figure without caption and name (metadata mystnb.figure)"
        caption = str(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
        if UNSET.search(re.sub(r"\$[^$]*\$", "", caption)):
            yield f"{where} has a caption with a formula as plain text; write it between dollar signs"
        if "plt.show(" in cell.source:
            yield f"{where} calls plt.show(); leave the figure as the cell's result"


def main() -> int:
    """Check the notebooks named on the command line."""
    paths = [Path(name) for name in sys.argv[1:]]
    if not paths:
        sys.exit(__doc__)
    broken = [f"{path}: {rule}" for path in paths for rule in broken_rules(nbformat.read(path, as_version=4))]
    print(*broken, sep="\n", end="\n" if broken else "")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
