"""Command line: `python -m dicm_training COMMAND ...`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import distributed
from .commands import crops, evaluate, recut, run, table
from .errors import UsageError
from .loop.options import Parser
from .loop.stage import Stage
from .stages import STAGES

COMMANDS: dict[str, Stage] = {**STAGES, **{t.STAGE.name: t.STAGE for t in (run, crops, evaluate, table, recut)}}


def make_parser() -> Parser:
    """Make the parser of all stages and tools."""
    parser = Parser(prog="dicm_training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, stage in COMMANDS.items():
        command = commands.add_parser(name, help=stage.summary, description=stage.about, epilog=stage.describe())
        stage.add_arguments(command)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, check what the stage needs, and run it; UsageError is one line and exit code 2."""
    args = make_parser().parse_args(arguments)
    stage = COMMANDS[args.command]
    try:
        stage.check(args)
        stage.run(args)
    except UsageError as error:
        if os.environ.get("RANK", "0") == "0":  # all of torchrun's processes would say the same
            sys.stderr.write(f"dicm_training {stage.name}: {error}\n")
        sys.exit(2)
    distributed.end()


if __name__ == "__main__":
    main()
