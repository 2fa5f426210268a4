"""Command line: ``python -m dicm info | features | classify FILE...``.

Results go to stdout and errors to stderr; with ``--json`` both are one line of JSON a file on stdout. Exit codes are
those of ``dicm`` (docs/cli.md): that of the error for one file, 1 when any of several failed, 2 for a wrong call, 70
for a bug.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .codec.rebuild import FEATURE_LAYERS
from .container.header import LayerHeader
from .errors import DicmError
from .file import File, open
from .version import __version__

Result = tuple[dict[str, Any], str]
"""What a command found: as JSON, and in words."""

EXIT_SOME_FAILED = 1
EXIT_OUTPUT = 5
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class _OutputError(Exception):
    """A result cannot be written where it should be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def info(file: File, name: str, arguments: argparse.Namespace) -> Result:
    """Say what a file states."""
    found = file.info
    layers = [_describe_layer(layer) | {"payloadBytes": layer.payload_bytes} for layer in found.layers]
    source_width, source_height = found.source_size
    summary = {
        "schema": "dicm.info/1",
        "file": name,
        "bytes": found.file_bytes,
        "payloadBytes": found.payload_bytes,
        "width": found.width,
        "height": found.height,
        "sourceWidth": source_width,
        "sourceHeight": source_height,
        "orientation": found.header.orientation,
        "version": f"{found.header.version_major}.{found.header.version_minor}",
        "layers": layers,
        "prefixBytes": found.prefix_bytes,
        "digest": found.digest,
    }
    lines = [f"{name}: {found.width} x {found.height} pixels, from {source_width} x {source_height}"]
    lines += [
        f"  {layer['name']} layer: {layer['width']} x {layer['height']} pixels, quality {layer['quality']:.2f}, "
        f"decode id {layer['decodeId']}, {layer['payloadBytes']} bytes of payload"
        for layer in layers
    ]
    return summary, "\n".join(lines)


def features(file: File, name: str, arguments: argparse.Namespace) -> Result:
    """Write features as .npy files."""
    data = file.features(arguments.layer, arguments.dtype)
    output = _output_of(name, arguments)
    if output.exists() and not arguments.force:
        raise _OutputError("output-exists", f"{output} is there already; -f overwrites it")
    try:
        with output.open("wb") as stream:
            np.save(stream, data, allow_pickle=False)
    except OSError as cause:
        raise _OutputError("output-failed", f"{output} cannot be written: {cause.strerror}") from cause
    summary: dict[str, Any] = {"schema": "dicm.features/1", "file": name, "output": str(output)}
    summary |= {"layer": arguments.layer, "shape": list(data.shape), "dtype": arguments.dtype}
    return summary, f"{name} -> {output}  {list(data.shape)}"


def classify(file: File, name: str, arguments: argparse.Namespace) -> Result:
    """Name the best classes."""
    predictions = file.classify(arguments.top)
    summary = {"schema": "dicm.classify/1", "file": name, "predictions": [asdict(one) for one in predictions]}
    words = ", ".join(f"{one.label} {one.score:.1%}" for one in predictions)
    return summary, f"{name}: {words}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        failures = [code for name in parsed.files if (code := _run(parsed.run, name, parsed)) != 0]
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if not failures:
        return 0
    return failures[0] if len(parsed.files) == 1 else EXIT_SOME_FAILED


def _run(command: Callable[[File, str, argparse.Namespace], Result], name: str, arguments: argparse.Namespace) -> int:
    """Runs a command on one file and reports what came of it."""
    try:
        source: str | bytes = sys.stdin.buffer.read() if name == "-" else name
        file = open(source, model=arguments.model, providers=arguments.provider, prefix=arguments.prefix)
        found, words = command(file, name, arguments)
    except DicmError as error:
        return _report_failure(name, error.code, str(error), error.exit_code, arguments)
    except _OutputError as error:
        return _report_failure(name, error.code, str(error), EXIT_OUTPUT, arguments)
    except Exception as error:
        message = f"internal error, please report it: {error!r}"
        return _report_failure(name, "internal-error", message, EXIT_BUG, arguments)
    try:
        print(json.dumps(found) if arguments.json else words, flush=True)
    except OSError as cause:
        message = f"stdout cannot be written: {cause.strerror}"
        return _report_failure(name, "output-closed", message, EXIT_OUTPUT, arguments)
    return 0


def _report_failure(name: str, code: str, message: str, exit_code: int, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps({"schema": "dicm.error/1", "file": name, "code": code, "message": message}), flush=True)
    else:
        print(f"{name}: {message}", file=sys.stderr)
    return exit_code


def _describe_layer(layer: LayerHeader) -> dict[str, Any]:
    return {
        "name": layer.layer,
        "profile": layer.profile,
        "width": layer.width,
        "height": layer.height,
        "quality": layer.quality,
        "decodeId": layer.decode_id,
        "renderId": layer.render_id,
    }


def _output_of(name: str, arguments: argparse.Namespace) -> Path:
    """A folder where there are several files or it is one; else the file that is named, or one beside the input."""
    path = Path("stdin" if name == "-" else name).with_suffix(".npy")
    if arguments.output is None:
        return path
    output = Path(arguments.output)
    if len(arguments.files) == 1 and not output.is_dir():
        return output
    if not output.is_dir():
        raise _OutputError("output-no-folder", f"{output} is no folder, and there are several files to write")
    return output / path.name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dicm", description="Read .dicm files.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True)
    for command in (info, features, classify):
        sub = commands.add_parser(command.__name__, help=command.__doc__, description=command.__doc__)
        sub.set_defaults(run=command)
        sub.add_argument("files", nargs="+", metavar="FILE", help="a .dicm file, or - for stdin")
        sub.add_argument("--model", help="name of a model, its folder, or a folder of models")
        sub.add_argument("--provider", action="append", help="execution provider of onnxruntime, first choice first")
        sub.add_argument("--prefix", action="store_true", help="read the first layer of files that may be cut")
        sub.add_argument("--json", action="store_true", help="one JSON object a line")
        if command is features:
            sub.add_argument("--layer", choices=[*FEATURE_LAYERS, "pooled"], default="f3")
            sub.add_argument("--dtype", choices=["float32", "float16"], default="float32")
            sub.add_argument("-o", "--output", help=".npy file, or a folder for several")
            sub.add_argument("-f", "--force", action="store_true", help="overwrite files")
        if command is classify:
            sub.add_argument("--top", type=int, default=5, help="how many classes at most")
    return parser


if __name__ == "__main__":
    sys.exit(main())
