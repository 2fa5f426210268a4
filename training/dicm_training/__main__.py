"""Command line: `python -m dicm_training COMMAND ...`."""

from __future__ import annotations

import argparse

from . import distributed
from .commands import crops, evaluate, recut, run, table
from .stages import STAGES


def main() -> None:
    """Parse the command line and run one stage or tool."""
    parser = argparse.ArgumentParser(prog="dicm_training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    tools = {"run": run, "crops": crops, "evaluate": evaluate, "table": table, "recut": recut}
    for name, module in {**STAGES, **tools}.items():
        command = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        module.add_arguments(command)
        command.set_defaults(run_command=module.run)
    args = parser.parse_args()
    args.run_command(args)
    distributed.end()


if __name__ == "__main__":
    main()
