"""Command line: `python -m dicm_training STAGE ...`."""

from __future__ import annotations

import argparse

from .stages import codec, export, heads, polish


def main() -> None:
    """Parse the command line and run one stage."""
    parser = argparse.ArgumentParser(prog="dicm_training", description=__doc__)
    stages = parser.add_subparsers(dest="stage", required=True)
    for name, module in {"codec": codec, "polish": polish, "heads": heads, "export": export}.items():
        command = stages.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        module.add_arguments(command)
        command.set_defaults(run_stage=module.run)
    args = parser.parse_args()
    args.run_stage(args)


if __name__ == "__main__":
    main()
