"""How a program ends that is told to: at once and in a sentence, with nothing half done left behind.

SIGINT (Ctrl-C) and SIGTERM are obeyed by a thread of their own, as the main thread would first finish a compilation,
which can take half a minute. An exception would be less certain besides: callbacks, modules in C++ and the end of an
object swallow it or crash on it, and threads that still compile crash while the interpreter takes itself apart. Before
the thread is there, while the interpreter starts, Python ends as it always does. Only `python -m vae_core` asks for all
this; whoever imports the package keeps the handlers that they have.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

TELLING = {signal.SIGINT: "Interrupted.", signal.SIGTERM: "Terminated."}
GOES_ON = "The same command goes on after the last complete epoch."  # what is to be said of a run

_pending: list[Callable[[], Any]] = []
_whole = threading.Lock()  # the thread that ends the program takes it and keeps it
_is_whole_needed = False
_told = threading.Event()


@contextmanager
def tidying(action: Callable[[], Any]) -> Iterator[None]:
    """Do something at the end of a block, also if the program leaves from within it.

    Args:
        action: what to do. It may come twice, if the program is told to leave while it is being done.
    """
    _pending.append(action)
    try:
        yield
    finally:
        action()
        _pending.remove(action)


@contextmanager
def begun_whole() -> Iterator[None]:
    """Let the main thread begin something whole, such as another process, before the program leaves."""
    global _is_whole_needed
    _is_whole_needed = True
    try:
        with _whole:
            yield
    finally:
        _is_whole_needed = False
        if _told.is_set():
            _stop()


@contextmanager
def leaving_at_once(remedy: str = "") -> Iterator[None]:
    """Let SIGINT and SIGTERM end the program within a block, with the status that shells expect: 130 and 143.

    A signal that is ignored already, as by `nohup`, stays so. After the block, when there is nothing left to interrupt,
    both are ignored.

    Args:
        remedy: what can be done about it; it follows the word that says what happened.
    """
    import socket  # which takes time, and only a program needs it

    told, telling = socket.socketpair()  # a pipe that does not block is not to be had everywhere
    threading.Thread(target=_leave, args=(told, remedy), daemon=True).start()
    telling.setblocking(False)
    signal.set_wakeup_fd(telling.fileno())
    heeded = [number for number in TELLING if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        telling.close()


def _stop(*_: Any) -> None:
    """Have the main thread wait for the end, which the other one makes."""
    _told.set()
    if not _is_whole_needed:
        threading.Event().wait()


def _leave(told: "socket.socket", remedy: str) -> None:
    """Wait for a signal, whose number Python writes into a socket, and end the program."""
    while (number := told.recv(1)) and number[0] not in TELLING:
        pass
    if not number:  # the block has ended
        return
    _whole.acquire()
    for action in reversed(_pending):
        with suppress(Exception):
            action()
    with suppress(OSError):  # not by sys.stderr, which may be in the middle of a line
        os.write(2, f"\n{TELLING[signal.Signals(number[0])]} {remedy}".rstrip().encode() + b"\n")
    os._exit(128 + number[0])
