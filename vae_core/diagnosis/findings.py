"""What a diagnosis says: findings, in sentences and with their numbers."""

from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any, NamedTuple


class Finding(NamedTuple):
    """Something that is wrong with a program, or with what it is given.

    Attributes:
        name: the kind of mistake, in a few words.
        sentence: what was found.
        remedy: what to do.
        evidence: the numbers behind it, by name.
    """

    name: str
    sentence: str
    remedy: str
    evidence: Mapping[str, float]


class Diagnosis(tuple[Finding, ...]):
    """The findings of `diagnose`, none for a program in which no check found a mistake.

    Attributes:
        names: of the findings.
        readings: what was read off the program, as words and numbers by name.
        unchecked: what could not be read, and why, in sentences.
    """

    readings: Mapping[str, Any]
    unchecked: tuple[str, ...]

    def __new__(cls, findings: Iterable[Finding], readings: Mapping[str, Any], unchecked: Iterable[str]) -> "Diagnosis":
        """Put the findings into a tuple."""
        diagnosis = super().__new__(cls, tuple(findings))
        diagnosis.readings, diagnosis.unchecked = dict(readings), tuple(unchecked)
        return diagnosis

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the findings."""
        return tuple(finding.name for finding in self)

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what `copy` and `pickle` need."""
        return tuple(self), self.readings, self.unchecked

    def __repr__(self) -> str:
        lines = [] if self else ["No mistake found."]
        for number, finding in enumerate(self, 1):
            lines += [f"{number}. {finding.name}", _wrapped(finding.sentence), _wrapped(f"To do: {finding.remedy}")]
            numbers = ", ".join(f"{name} {value:.4g}" for name, value in finding.evidence.items())
            lines += [_wrapped(f"({numbers})")] if numbers else []
        lines += [fill(f"Not checked: {sentence}", 79, subsequent_indent="   ") for sentence in self.unchecked]
        return "\n".join(lines)


def _wrapped(text: str) -> str:
    return fill(text, 79, initial_indent="   ", subsequent_indent="   ")
