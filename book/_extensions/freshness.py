"""No stale page: notebooks and pages are made again whenever something below them changes.

jupyter-cache keys a notebook by its own cells, so an edit of `vae_core`, of the lock or of a results file would
leave stale results in the book. Here the cache lives in a folder named by a digest of all three: a change means
an empty cache, and as the folder's path is part of Sphinx's environment, every page is read again.

Sphinx notices changed pages, but not changed style sheets, templates, vendored files or local extensions;
nor does it repeat the warnings of a failed build. Both are mended here.
"""

import hashlib
import platform
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config


def inputs_digest(root: Path, inputs: list[str]) -> str:
    """SHA-256 over the Python version and every file of `inputs` (files or folders below `root`)."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in inputs:
        path = root / name
        if not path.exists():
            raise FileNotFoundError(
                f"The inputs of the book must name files or folders of {root}. Received: {name}."
            )
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(
                    f"{file.relative_to(root).as_posix()} {content}\n".encode()
                )
    return digest.hexdigest()


def follow_inputs(app: Sphinx, config: Config) -> None:
    """Name the cache after what the notebooks depend on, remove other caches, note what pages depend on."""
    caches = Path(app.outdir).parent.resolve() / ".jupyter_cache"
    name = inputs_digest(Path(app.srcdir).parent, config.execution_inputs)[:16]
    for old in caches.glob("*"):
        if old.name != name:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    config.nb_execution_cache_path = str(caches / name)
    config.page_inputs_digest = inputs_digest(
        Path(app.srcdir), config.page_inputs
    )


def forget_failed_build(app: Sphinx, exception: Exception | None) -> None:
    """Make the next build read every page again after warnings: Sphinx would not repeat them."""
    if exception or app._warncount:
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    inputs = ["vae_core", "requirements.txt", "benchmarks/results"]
    app.add_config_value("execution_inputs", inputs, "env", list)
    app.add_config_value(
        "page_inputs", ["_extensions", "_theme", "_vendor"], "env", list
    )
    app.add_config_value("page_inputs_digest", "", "env", str)
    app.connect("config-inited", follow_inputs)
    app.connect("build-finished", forget_failed_build)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
