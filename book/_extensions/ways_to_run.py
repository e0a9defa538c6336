"""What a page says about running it: a box below the title, and launch buttons once the repository is known.

One setting decides: `repository.url` in `_config.yml`. While it is empty, no page names a host. Once it is set, every
chapter has buttons that open it on Binder, Colab and, where `launch_buttons.jupyterhub_url` says which, a JupyterHub.
The box is in `_theme/templates/run-chapter.html`.
"""

from typing import Any

from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.config import Config


def follow_repository(_app: Sphinx, config: Config) -> None:
    """Switch everything that leads to the repository on or off."""
    theme = config.html_theme_options
    known = bool(theme.get("repository_url"))
    theme["use_repository_button"] = theme["use_issues_button"] = known
    if not known:
        theme["launch_buttons"] = {}
        theme.pop("repository_url", None)


def add_runtime(
    app: Sphinx, pagename: str, _template: str, context: dict[str, Any], *_: Any
) -> None:
    """Tell the box how many seconds a notebook took."""
    ran = NbMetadataCollector.get_exec_data(app.env, pagename) or {}
    context["runtime"] = ran.get("runtime")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", follow_repository)
    app.connect("html-page-context", add_runtime)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
