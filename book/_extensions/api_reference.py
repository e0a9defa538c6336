"""The reference of `vae_core`, made from its docstrings, and links to it from every page.

The docstrings are written to be read in an editor, so names stand in single backticks and an indented block is
code. Here that becomes markup before Sphinx reads it. Signatures are shown as the source spells them, so that an
array keeps its shape (`Float[Array, " batch"]`).

The first time a chapter names a public object, in code or between backticks, the name becomes a link to its entry:
nothing to type, and nothing that can go stale.
"""

import ast
import html
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

SECTIONS = re.compile(r"(Args|Attributes|Raises|Returns|Yields):$")
LITERAL = re.compile(r"(?<!`)`([^`]+)`(?!`)")
CODE_CELL = re.compile(
    r'(<div class="cell_input[^>]*>.*?<pre>)(.*?)(</pre>)', re.DOTALL
)
PIECE = re.compile(r"<[^>]+>|&[^;]+;|.", re.DOTALL)
PARAMETERS = re.compile(
    r'<dl>\s*((?:<dd><em class="sig-param.*?</dd>\s*)+)</dl>', re.DOTALL
)
NAME = re.compile(r"[A-Za-z_][\w.]*(?:\(\))?")


# Docstrings and signatures as Sphinx wants them


def marked_up(line: str) -> str:
    """Turn names in single backticks into links or code, and escape what would be markup by accident."""
    pieces = LITERAL.split(line)
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            pieces[index] = re.sub(r"([*|])|(?<=\w)(_)(?!\w)", r"\\\1\2", piece)
        elif NAME.fullmatch(piece):
            pieces[index] = f":py:obj:`{piece}`"
        else:
            pieces[index] = f"``{piece}``"
    return "".join(pieces)


def mark_up_docstring(
    _app: Sphinx,
    _what: str,
    _name: str,
    _obj: Any,
    _options: Any,
    lines: list[str],
) -> None:
    """Rewrite a docstring in place, before napoleon reads its sections."""
    result: list[str] = []
    in_section = in_code = False
    for line in lines:
        indented = line.startswith("    ")
        if line.strip() and not indented:
            in_section, in_code = bool(SECTIONS.fullmatch(line)), False
        elif (
            indented
            and not in_section
            and not in_code
            and result
            and not result[-1].strip()
        ):
            result += [".. code-block:: python", ""]
            in_code = True
        result.append(line if in_code else marked_up(line))
    lines[:] = result


def definition(obj: Any) -> ast.AST | None:
    """Return the source of a function or class as a tree, None where there is none."""
    try:
        source = inspect.getsource(inspect.unwrap(obj))
    except (OSError, TypeError):
        return None
    return ast.parse(textwrap.dedent(source)).body[0]


def spelled(function: ast.FunctionDef, *, method: bool) -> str:
    """Return the arguments of a function as its source spells them, without self."""
    arguments = function.args
    if method:
        (arguments.posonlyargs or arguments.args).pop(0)
    return f"({ast.unparse(arguments)})"


def fields(tree: ast.ClassDef) -> str:
    """Return the constructor's arguments of a dataclass or a NamedTuple."""
    own = [node for node in tree.body if isinstance(node, ast.AnnAssign)]
    return f"({', '.join(ast.unparse(node) for node in own)})"


def spell_signature(
    _app: Sphinx,
    what: str,
    _name: str,
    obj: Any,
    _options: Any,
    _signature: str | None,
    _returns: str | None,
) -> tuple[str | None, str | None] | None:
    """Give a signature the annotations of the source in place of what they evaluate to."""
    tree = definition(obj)
    if isinstance(tree, ast.FunctionDef):
        static = any(
            ast.unparse(mark) == "staticmethod" for mark in tree.decorator_list
        )
        arguments = spelled(tree, method=what == "method" and not static)
        return arguments, tree.returns and ast.unparse(tree.returns)
    if isinstance(tree, ast.ClassDef):
        own = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        for function in own:
            if function.name == "__init__":
                return spelled(function, method=True), None
        if hasattr(obj, "_fields") or hasattr(obj, "__dataclass_fields__"):
            return fields(tree), None
        return "", None
    return None


def skip_member(
    _app: Sphinx,
    _what: str,
    _name: str,
    obj: Any,
    _skip: bool,
    _options: Any,
) -> bool | None:
    """Leave out the fields of a NamedTuple: its docstring has them, and says more than their number."""
    alias = (inspect.getdoc(obj) or "").startswith("Alias for field number")
    return True if alias else None


# Links


def documented(env: BuildEnvironment) -> dict[str, str]:
    """Map every dotted ending of a documented name to the whole name, if only one name has that ending."""
    endings: dict[str, set[str]] = {}
    for name, entry in env.get_domain("py").objects.items():
        if entry.aliased or entry.objtype in ("module", "attribute"):
            continue
        parts = name.split(".")
        for start in range(len(parts)):
            endings.setdefault(".".join(parts[start:]), set()).add(name)
    return {
        ending: names.pop()
        for ending, names in endings.items()
        if len(names) == 1
    }


def linked(
    env: BuildEnvironment,
    builder: Any,
    docname: str,
    name: str,
    child: nodes.Node,
) -> nodes.reference:
    """Return a link from a page to the entry of a documented name."""
    entry = env.get_domain("py").objects[name]
    return make_refnode(
        builder, docname, entry.docname, entry.node_id, child, name
    )


def resolve(
    app: Sphinx,
    env: BuildEnvironment,
    node: addnodes.pending_xref,
    content: nodes.Element,
) -> nodes.Node | None:
    """Link a short name to the only entry that ends in it; show what docstrings mark but nobody documents as code."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].removesuffix("()")
    name = documented(env).get(target)
    if name:
        return linked(env, app.builder, node["refdoc"], name, content)
    if node["reftype"] == "obj" or target in app.config.foreign_names:
        return content
    return None


def distinctive(name: str) -> bool:
    """Whether a name between backticks can only be meant as code of the package."""
    return "." in name or "_" in name or name[0].isupper()


class LinkFirstNames(SphinxPostTransform):
    """On every page but those of the reference, link the first mention of each public name between backticks."""

    default_priority = 20
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Run the transform on one document."""
        docname = self.env.docname
        if docname.startswith("api/"):
            return
        known, seen = documented(self.env), set()
        for literal in list(self.document.findall(nodes.literal)):
            text = literal.astext().removesuffix("()")
            name = known.get(text)
            if name is None or name in seen or not distinctive(text):
                continue
            if in_link_or_title(literal):
                continue
            seen.add(name)
            reference = linked(
                self.env, self.app.builder, docname, name, literal.deepcopy()
            )
            reference["classes"].append("api-link")
            literal.replace_self(reference)


def in_link_or_title(node: nodes.Node) -> bool:
    """Whether a node is part of a link or of a heading."""
    while node := node.parent:
        if isinstance(node, nodes.reference | nodes.title):
            return True
    return False


def imported(tree: ast.AST) -> dict[str, str]:
    """Map the names that a cell's imports bind to what they stand for, for imports of `vae_core` alone."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "vae_core":
                    bound[alias.asname or "vae_core"] = (
                        alias.name if alias.asname else "vae_core"
                    )
        elif (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] == "vae_core"
        ):
            for alias in node.names:
                bound[alias.asname or alias.name] = (
                    f"{node.module}.{alias.name}"
                )
    return bound


def uses(source: str, bound: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    """Yield where in a cell's source the package's names are used, as (start, end, whole name); learn its imports."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic command
        return
    bound |= imported(tree)
    encoded = [len(line) for line in source.encode().splitlines(keepends=True)]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        dotted = ast.unparse(node)
        head, dot, tail = dotted.partition(".")
        if head in bound and NAME.fullmatch(dotted):
            start, end = (
                len(
                    source.encode()[
                        : sum(encoded[: line - 1]) + column
                    ].decode()
                )
                for line, column in (
                    (node.lineno, node.col_offset),
                    (node.end_lineno, node.end_col_offset),
                )
            )
            yield start, end, bound[head] + dot + tail


def with_links(markup: str, places: dict[int, tuple[int, str]]) -> str:
    """Put links around places of highlighted code, given as start -> (end, opening tag) in its text."""
    result: list[str] = []
    position, end, opened = 0, -1, ""
    for piece in PIECE.findall(markup):
        is_tag = piece.startswith("<") and len(piece) > 1
        closing = piece.startswith("</")
        if end == position and (not is_tag or not closing):
            result.append("</a>")
            end = -1
        if position in places and not closing and not opened:
            end, opened = places[position]
            result.append(opened)
        if not is_tag:
            position += len(html.unescape(piece))
            opened = ""
        result.append(piece)
    if end == position:
        result.append("</a>")
    return "".join(result)


def link_code(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    """In the code cells of a page, link the first use of each public name to its entry."""
    if "body" not in context or 'class="cell_input' not in context["body"]:
        return
    objects = app.env.get_domain("py").objects
    known = documented(app.env)
    bound: dict[str, str] = {}
    seen: set[str] = set()

    def link_cell(match: re.Match[str]) -> str:
        source = html.unescape(re.sub(r"<[^>]+>", "", match[2]))
        places = {}
        for start, end, name in sorted(uses(source, bound)):
            whole = known.get(name) or known.get(".".join(name.split(".")[-2:]))
            if whole is None or whole in seen or whole not in objects:
                continue
            seen.add(whole)
            entry = objects[whole]
            address = app.builder.get_relative_uri(pagename, entry.docname)
            places[start] = (
                end,
                f'<a class="api-link" href="{address}#{entry.node_id}">',
            )
        return match[1] + with_links(match[2], places) + match[3]

    context["body"] = CODE_CELL.sub(link_cell, context["body"])


def mend_signatures(*event: Any) -> None:
    """Make a signature's parameters, one a line, a list: Sphinx has definitions of nothing there."""
    context = event[3]
    if "body" in context:
        context["body"] = PARAMETERS.sub(
            lambda match: (
                '<ul class="sig-parameters">'
                + match[1].replace("<dd>", "<li>").replace("</dd>", "</li>")
                + "</ul>"
            ),
            context["body"],
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.add_config_value("foreign_names", [], "env", list)
    app.connect("autodoc-process-docstring", mark_up_docstring, priority=400)
    app.connect("autodoc-process-signature", spell_signature)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("missing-reference", resolve)
    app.connect("html-page-context", mend_signatures)
    app.connect("html-page-context", link_code, priority=700)
    app.add_post_transform(LinkFirstNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
