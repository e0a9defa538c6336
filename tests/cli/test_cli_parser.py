"""The help of the command line, and what it says of options that are none."""

import re

import pytest

import vae_core
from vae_core.cli import main
from vae_core.cli.parser import parser

COMMANDS = ("train", "evaluate", "figures", "explore")


def help_of(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained_in_a_phrase_of_its_own(command, capsys):
    text = help_of(capsys, command)
    assert re.search(r"^usage: python -m vae_core", text)
    (chosen,) = [action.choices[command] for action in parser()._actions if action.choices]
    for action in chosen._actions[1:]:
        assert len(action.help.split()) >= 3, action.dest
        assert not action.help.startswith(("of ", "the ")), action.dest
        assert " ".join(action.help.split()) in text


def test_the_commands_are_listed(capsys):
    text = help_of(capsys)
    assert all(command in text for command in COMMANDS)


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"vae_core {vae_core.__version__}\n")


@pytest.mark.parametrize(("text", "size"), [("64", (64, 64)), ("48x64", (48, 64)), ("48X64", (48, 64))])
def test_a_size_is_one_number_or_two(text, size):
    assert parser().parse_args(["train", "--size", text, "--out", "run"]).size == size


def test_colour_and_color_are_one_network():
    asked = [parser().parse_args(["train", "--network", name, "--out", "run"]).network for name in ("colour", "color")]
    assert asked == ["color", "color"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "big"], "argument --size: expected a size such as 48x64 or 64. Received: 'big'"),
        (["--network", "resnet"], "argument --network: expected one of article, dense, colour"),
        (["--variance", "small"], "argument --variance: expected a number, or learned. Received: 'small'"),
        (["--held-out", "few"], "argument --held-out: expected a share such as 0.2, or a number. Received: 'few'"),
        (["--model", "gan"], "argument --model: invalid choice: 'gan'"),
    ],
)
def test_what_cannot_be_read_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", *arguments, "--out", "run"])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
