"""A build ends well, or the next one knows that it did not; builds of one book wait for each other.

Sphinx saves what it has read before it writes pages, judges pages by their times, and does not repeat warnings. So a
build that ends without warnings leaves here the digests of all that it made, and the next one takes them away. Where
none are, or a file is not what they say, all pages are read and written again.
"""

import atexit
import hashlib
import json
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

logger = logging.getLogger(__name__)

RECORD, LOCK = "made.json", ".lock"


def begin(app: Sphinx, _config: Config) -> None:
    """End in one sentence when interrupted, have the folder alone, and distrust what the last build left if need be."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    build = Path(app.outdir).parent
    wait_for_others(build)
    record = Path(app.doctreedir, RECORD)
    if wrong := fault(record, made(app)):
        saved = Path(app.doctreedir, "environment.pickle")
        if saved.exists():
            logger.info("%s: all pages are read and written again.", wrong)
        saved.unlink(missing_ok=True)
        # myst-nb leaves figures alone that are there
        shutil.rmtree(build / "jupyter_execute", ignore_errors=True)
    record.unlink(missing_ok=True)


def wait_for_others(build: Path) -> None:
    """Keep other builds out of the folder until this process ends."""
    lock = FileLock(build / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info("Another build of this book runs. This one waits for it.")
        lock.acquire()
    atexit.register(lock.release)


def stop(number: int, _frame: FrameType | None) -> None:
    """End a build as shells expect of an interrupted program."""
    sys.stderr.write(
        "\nThe build was interrupted. The next one makes again what is missing.\n"
    )
    sys.exit(128 + number)


def made(app: Sphinx) -> dict[str, str]:
    """Return the SHA-256 of every file that builds have made, by its name below the folder of them all."""
    build = Path(app.outdir).parent
    folders = (
        Path(app.outdir),
        Path(app.doctreedir),
        build / "jupyter_execute",
    )
    return {
        path.relative_to(build).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECORD
    }


def fault(record: Path, found: dict[str, str]) -> str:
    """Return why what the last build left is not to be trusted; nothing if it is."""
    try:
        noted = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        return "The last build was interrupted or had warnings"
    for name, digest in noted.items():
        if found.get(name) != digest:
            return f"{name} is not what the last build made"
    return ""


def end(app: Sphinx, exception: Exception | None) -> None:
    """Note what a good build has made; say in a sentence what the system refused to a bad one."""
    cause: BaseException | None = exception
    while cause and (cause.__cause__ or cause.__context__):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, OSError | sqlite3.OperationalError):
        sys.exit(
            f"The build cannot go on: {cause}. If the disk is full, make room, and build again."
        )
    if not exception and not app._warncount:
        record = Path(app.doctreedir, RECORD)
        noted = json.dumps(made(app))
        new = record.with_suffix(".tmp")
        new.write_text(noted, "utf-8")
        new.replace(record)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx: before and after everything else."""
    app.connect("config-inited", begin, priority=0)
    app.connect("build-finished", end, priority=1000)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
