"""Results of notebooks, which jupyter-cache keeps, are published only as they were executed.

jupyter-cache writes a record and then a notebook, and reads both as they are. The record holds the digest of the
notebook here, so that whatever has happened to either is noticed.
"""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.cache.db import DB_NAME, NbCacheRecord
from nbformat import NO_CONVERT, NotebookNode, writes
from sphinx.util import logging

logger = logging.getLogger(__name__)

DIGEST = "sha256"


def open_cache(folder: Path) -> JupyterCacheAbstract:
    """Return the cache in a folder, or an empty one in its place if its database is damaged."""
    cache = get_cache(folder)
    database = Path(folder, DB_NAME)
    if database.is_file() and (fault := database_fault(database)):
        logger.info(
            "The database of executed notebooks, %s, is damaged (%s): all notebooks are executed again.",
            database,
            fault,
        )
        cache.clear_cache()
    return cache


def database_fault(path: Path) -> str:
    """Return what is wrong with a database of jupyter-cache; nothing if all its records can be read."""
    try:
        with closing(sqlite3.connect(path)) as database:
            ((found,),) = database.execute("PRAGMA integrity_check(1)")
            for (data,) in database.execute("SELECT data FROM nbcache"):
                json.loads(data)
    except (sqlite3.DatabaseError, ValueError) as error:
        return str(error)
    return "" if found == "ok" else found


def notebook_path(cache: JupyterCacheAbstract, record: NbCacheRecord) -> Path:
    """Return where the notebook of a record is."""
    return Path(cache.path, "executed", record.hashkey, "base.ipynb")


def fault(cache: JupyterCacheAbstract, record: NbCacheRecord) -> str:
    """Return what is wrong with a kept notebook; nothing if it is what was executed."""
    try:
        content = notebook_path(cache, record).read_bytes()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if hashlib.sha256(content).hexdigest() != record.data.get(DIGEST):
        return "is not what was executed"
    return ""


def find(
    cache: JupyterCacheAbstract, notebook: NotebookNode, docname: str
) -> NbCacheRecord | None:
    """Return the record of a notebook's result; forget it, and say so, if it is damaged."""
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return None
    if not (wrong := fault(cache, record)):
        return record
    logger.info(
        "%s: the kept result, %s, %s. The notebook is executed again.",
        docname,
        notebook_path(cache, record),
        wrong,
    )
    forget(cache, record)
    return None


def forget(cache: JupyterCacheAbstract, record: NbCacheRecord) -> None:
    """Remove a result, whatever is left of it."""
    shutil.rmtree(notebook_path(cache, record).parent, ignore_errors=True)
    NbCacheRecord.remove_record(record.pk, cache.db)


def keep(
    cache: JupyterCacheAbstract,
    notebook: NotebookNode,
    path: Path,
    data: dict[str, Any],
) -> None:
    """Keep an executed notebook, which belongs to the file `path`, and what its record is to hold."""
    kept, _ = cache.create_hashed_notebook(notebook)
    content = writes(kept, NO_CONVERT).encode()
    data = {**data, DIGEST: hashlib.sha256(content).hexdigest()}
    cache.cache_notebook_bundle(
        CacheBundleIn(notebook, str(path), data=data),
        check_validity=False,
        overwrite=True,
    )
