"""What the optional parts of the package need beyond its core, and how to install it."""

import re
from importlib.metadata import PackageNotFoundError, distribution, requires


def require(extra: str) -> None:
    """Check that what an extra of the package brings is installed.

    Args:
        extra: a name in the optional dependencies of pyproject.toml, "figures", "explorer" or "train".

    Raises:
        ModuleNotFoundError: if a package of the extra is missing.
    """
    missing = [name for name in _packages(extra) if not _is_installed(name)]
    if missing:
        raise ModuleNotFoundError(
            f"This part of vae_core needs {', '.join(missing)}, of the extra {extra!r}. "
            f'Install it: pip install "vae-core[{extra}]"'
        )


def _packages(extra: str) -> list[str]:
    of_extra = re.compile(rf"""([\w.-]+).*;\s*extra == ["']{extra}["']""")
    return [match[1] for line in requires("vae-core") or [] if (match := of_extra.match(line))]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
