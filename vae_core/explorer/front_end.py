"""What the widgets share: modules joined to the one text that a widget is, and pictures that stand in for it."""

import base64
import re
from pathlib import Path
from typing import Any

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


def with_still(bundle: Any, media_type: str, picture: bytes, words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a widget's output with a picture and words in it, for pages without JavaScript and for previews.

    Args:
        bundle: what the widget's `_repr_mimebundle_` returned: its data, or its data and metadata.
        media_type: of the picture; one that notebooks know.
        picture: the encoded image.
        words: what it shows.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    data[media_type] = picture.decode() if media_type == "image/svg+xml" else base64.b64encode(picture).decode()
    data["text/plain"] = words
    return data, metadata
