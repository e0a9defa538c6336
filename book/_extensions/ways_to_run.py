"""What a page says about running it: a box below the title, and launch buttons once the repository is known.

One setting decides: `repository.url` in `_config.yml`. While it is empty, no page names a host. Once it is set, every
chapter has buttons that open it on Binder, Colab and, where `launch_buttons.jupyterhub_url` says which, a JupyterHub.
"""

from html import escape
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.config import Config

BOX = """
<details class="run-chapter">
<summary>Run this chapter</summary>
<p>{introduction}</p>
<div class="highlight-sh notranslate"><div class="highlight"><pre>{command}
</pre></div></div>
<p>{duration}<a class="reference internal" href="{notebook}" download>Download the notebook</a>.{more}</p>
</details>
"""


def follow_repository(_app: Sphinx, config: Config) -> None:
    """Switch everything that leads to the repository on or off."""
    theme = config.html_theme_options
    known = bool(theme.get("repository_url"))
    theme["use_repository_button"] = theme["use_issues_button"] = known
    if not known:
        theme["launch_buttons"] = {}
        theme.pop("repository_url", None)


def command_for(app: Sphinx, name: str) -> str:
    """Return the command that opens a notebook, from a copy of the repository or from nothing."""
    url = app.config.html_theme_options.get("repository_url", "").rstrip("/")
    folder = url.rpartition("/")[2].removesuffix(".git")
    start = f"git clone {url} && cd {folder} && " if url else ""
    return f"{start}make install && .venv/bin/jupyter lab book/{name}"


def duration(seconds: float | None) -> str:
    """Say how long a notebook took."""
    if seconds is None:
        return ""
    count = max(1, round(seconds))
    return (
        f"It took {count} second{'s' * (count > 1)} when this page was made. "
    )


def add_box(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Put the box below the title of every page that is a notebook."""
    context["header_buttons"] = [
        button
        for button in context.get("header_buttons", [])
        if button.get("label") != "launch-buttons"
        or context.get("page_source_suffix") == ".ipynb"
    ]
    if doctree is None or context.get("page_source_suffix") != ".ipynb":
        return
    ran = NbMetadataCollector.get_exec_data(app.env, pagename) or {}
    more = ""
    if "running" in app.env.found_docs:
        address = app.builder.get_relative_uri(pagename, "running")
        more = f' There are <a class="reference internal" href="{address}">other ways to run it</a>.'
    is_cloned = bool(app.config.html_theme_options.get("repository_url"))
    box = BOX.format(
        introduction=(
            "With Python 3.11 or later and <code>make</code>, this fetches everything and opens the notebook in JupyterLab:"
            if is_cloned
            else "In a copy of the repository, with Python 3.11 or later and <code>make</code>, "
            "this opens the notebook in JupyterLab:"
        ),
        command=escape(command_for(app, f"{pagename}.ipynb")),
        duration=duration(ran.get("runtime")),
        notebook=context["pathto"](f"_sources/{context['sourcename']}", 1),
        more=more,
    )
    before, title, after = context["body"].partition("</h1>")
    context["body"] = before + title + box + after


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", follow_repository)
    app.connect("html-page-context", add_box, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
