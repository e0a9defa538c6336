"""The reference of `vae_core`, made from its docstrings, and links to it from every page.

Signatures are shown as the source spells them, so that an array keeps its shape (`Float[Array, " batch"]`).

The first time a chapter names a public object, in code or between backticks, the name becomes a link to its entry:
nothing to type, and nothing that can go stale.
"""

import ast
import html
import inspect
import re
import textwrap
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

CODE_CELL = re.compile(
    r'(<div class="cell_input[^>]*>.*?<pre>)(.*?)(</pre>)', re.DOTALL
)
# <span class="n">vae_core</span><span class="o">.</span><span class="n">VAE</span>, not behind another dot
DOT = '<span class="o">.</span>'
NAME = r'<span class="n\w?">\w+</span>'
DOTTED = re.compile(rf"(?<!{re.escape(DOT)}){NAME}(?:{re.escape(DOT)}{NAME})*")
TAG = re.compile("<[^>]+>")


def spelled(definition: ast.AST, *, bound: bool) -> str:
    """Return the arguments of a function, without self if it is bound, or those of a dataclass or a NamedTuple."""
    if isinstance(definition, ast.ClassDef):
        own = [n for n in definition.body if isinstance(n, ast.AnnAssign)]
        return f"({', '.join(map(ast.unparse, own))})"
    if bound:
        del (definition.args.posonlyargs or definition.args.args)[0]
    return f"({ast.unparse(definition.args)})"


def spell_signature(
    _app: Sphinx, what: str, _name: str, obj: Any, *_: Any
) -> tuple[str, str | None] | None:
    """Give a signature the annotations of the source in place of what they evaluate to."""
    try:
        source = inspect.getsource(inspect.unwrap(obj))
    except (OSError, TypeError):
        return None
    tree = ast.parse(textwrap.dedent(source)).body[0]
    if isinstance(tree, ast.FunctionDef):
        static = "staticmethod" in map(ast.unparse, tree.decorator_list)
        returned = tree.returns and ast.unparse(tree.returns)
        return spelled(tree, bound=what == "method" and not static), returned
    if isinstance(tree, ast.ClassDef):
        for node in tree.body:
            if getattr(node, "name", "") == "__init__":
                return spelled(node, bound=True), None
        has_fields = {"_fields", "__dataclass_fields__"} & set(dir(obj))
        return spelled(tree, bound=False) if has_fields else "", None
    return None


def skip_member(
    _app: Sphinx, _what: str, _name: str, obj: Any, *_: Any
) -> bool | None:
    """Leave out the fields of a NamedTuple: its docstring has them, and says more than their number."""
    text = inspect.getdoc(obj) or ""
    return text.startswith("Alias for field number") or None


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
    app: Sphinx, docname: str, name: str, child: nodes.Node
) -> nodes.reference:
    """Return a link from a page to the entry of a documented name."""
    entry = app.env.get_domain("py").objects[name]
    return make_refnode(
        app.builder, docname, entry.docname, entry.node_id, child, name
    )


def resolve(
    app: Sphinx,
    env: BuildEnvironment,
    node: addnodes.pending_xref,
    content: nodes.Element,
) -> nodes.Node | None:
    """Link a short name to the only entry that ends in it."""
    name = documented(env).get(node["reftarget"].removesuffix("()"))
    if node.get("refdomain") != "py" or name is None:
        return None
    return linked(app, node["refdoc"], name, content)


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
        known, seen = documented(self.env), {None}
        for literal in list(self.document.findall(nodes.literal)):
            text = literal.astext().removesuffix("()")
            name = known.get(text)
            if name not in seen and distinctive(text) and is_free(literal):
                seen.add(name)
                reference = linked(self.app, docname, name, literal.deepcopy())
                reference["classes"].append("api-link")
                literal.replace_self(reference)


def is_free(node: nodes.Node) -> bool:
    """Whether a node is part of neither a link nor a heading."""
    while node := node.parent:
        if isinstance(node, nodes.reference | nodes.title):
            return False
    return True


def bindings(statement: ast.stmt) -> dict[str, str]:
    """Map the names that an import binds to what they stand for, for imports of `vae_core` alone."""
    module = getattr(statement, "module", None)
    found = {}
    for alias in statement.names:
        whole = f"{module}.{alias.name}" if module else alias.name
        if whole.split(".")[0] == "vae_core":
            name = whole if module or alias.asname else "vae_core"
            found[alias.asname or name.rpartition(".")[2]] = name
    return found


def link_code(
    app: Sphinx, pagename: str, _template: str, context: dict[str, Any], *_: Any
) -> None:
    """In the code cells of a page, link the first use of each public name to its entry."""
    objects, known = app.env.get_domain("py").objects, documented(app.env)
    bound: dict[str, str] = {}
    seen: set[str] = set()

    def link(dotted: re.Match[str]) -> str:
        pieces = dotted[0].split(DOT)
        head, *tail = (TAG.sub("", piece) for piece in pieces)
        parts = [*bound.get(head, "").split("."), *tail]
        for count in range(len(pieces), 0, -1):
            used = parts[: len(parts) - len(pieces) + count]
            whole = known.get(".".join(used)) or known.get(".".join(used[-2:]))
            if head in bound and whole and whole not in seen:
                seen.add(whole)
                entry = objects[whole]
                address = app.builder.get_relative_uri(pagename, entry.docname)
                return (
                    f'<a class="api-link" href="{address}#{entry.node_id}">'
                    f"{DOT.join(pieces[:count])}</a>"
                    + "".join(DOT + piece for piece in pieces[count:])
                )
        return dotted[0]

    def link_cell(cell: re.Match[str]) -> str:
        try:
            tree = ast.parse(html.unescape(TAG.sub("", cell[2])))
        except SyntaxError:  # a magic command
            return cell[0]
        lines = cell[2].split("\n")
        imports = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                bound.update(bindings(node))
                imports |= set(range(node.lineno - 1, node.end_lineno))
        for number, line in enumerate(lines):
            if number not in imports:
                lines[number] = DOTTED.sub(link, line)
        return cell[1] + "\n".join(lines) + cell[3]

    if "body" in context:
        context["body"] = CODE_CELL.sub(link_cell, context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-process-signature", spell_signature)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("missing-reference", resolve)
    app.connect("html-page-context", link_code, priority=700)
    app.add_post_transform(LinkFirstNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
