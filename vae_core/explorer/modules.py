"""JavaScript modules joined to the one text that a widget is."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)


def joined(name: str) -> str:
    """Return a module of this folder with the modules it imports in front of it, each once.

    The modules share one scope then, so each name at their top level must be declared in one of them only.
    """
    order: list[str] = []

    def visit(module: str) -> None:
        for imported in IMPORT.findall((FOLDER / module).read_text("utf-8")):
            visit(imported)
        if module not in order:
            order.append(module)

    visit(name)
    texts = (IMPORT.sub("", (FOLDER / module).read_text("utf-8")) for module in order)
    return "\n".join(EXPORT.sub("", text) for text in texts)
