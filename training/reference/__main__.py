"""Command line: python -m dicm_reference decode | encode | inspect | batch | vectors."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .codec import Codec
from .container import LAYER, DicmFile, Header, open_prefix, read_dicm, write_dicm
from .errors import DicmError
from .model import load_model
from .vectors import write_vectors


def header_to_json(header: Header) -> str:
    """Header as JSON, ids in hexadecimal."""
    fields = asdict(header) | {"decode_id": header.decode_id.hex(), "render_id": header.render_id.hex()}
    return json.dumps(fields)


def header_from_json(text: str) -> Header:
    """Inverse of `header_to_json`."""
    fields = json.loads(text)
    for name in ("decode_id", "render_id"):
        fields[name] = bytes.fromhex(fields[name])
    fields["version"] = tuple(fields["version"])
    return Header(**fields)


def decode(args: argparse.Namespace) -> None:
    """Decode the first layer of a file to an .npz of header, z, symbols and y of every tile; other layers are left."""
    file = read_dicm(args.file.read_bytes())
    tiles = Codec(load_model(args.model, file.header.decode_id)).decode(file)
    arrays: dict[str, Any] = {"header": np.array(header_to_json(file.header))}
    for i, tile in enumerate(tiles):
        arrays |= {f"tile{i}.z": tile.z, f"tile{i}.symbols": tile.symbols, f"tile{i}.y": tile.y}
    for i, (tag, content) in enumerate(file.ancillary):
        if tag == LAYER and file.prefix_check:
            continue
        arrays[f"ancillary{i}.{tag:02x}"] = np.frombuffer(content, np.uint8)
    np.savez_compressed(args.output, **arrays)


def encode(args: argparse.Namespace) -> None:
    """Encode the header, z and symbols of an .npz as `decode` writes it."""
    with np.load(args.latents, allow_pickle=False) as arrays:
        header = header_from_json(str(arrays["header"]))
        count = sum(name.endswith(".z") for name in arrays.files)
        tiles = [(arrays[f"tile{i}.z"], arrays[f"tile{i}.symbols"]) for i in range(count)]
        kept = sorted((n for n in arrays.files if n.startswith("ancillary")), key=lambda n: int(n[9:-3]))
        ancillary = [(int(name[-2:], 16), arrays[name].tobytes()) for name in kept]
    file = Codec(load_model(args.model)).encode(header, tiles)
    args.output.write_bytes(write_dicm(DicmFile(file.header, file.tiles, ancillary)))


def inspect(args: argparse.Namespace) -> None:
    """Print header and sections as JSON."""
    file = read_dicm(args.file.read_bytes())
    tiles = [{"payloadBytes": len(t.payload), "check": t.check} for t in file.tiles]
    ancillary = [{"tag": tag, "bytes": len(content)} for tag, content in file.ancillary]
    layers = [
        {"profile": layer.profile, "width": layer.width, "height": layer.height, "tiles": len(layer.tiles)}
        for layer in file.layers
    ]
    header = json.loads(header_to_json(file.header))
    print(json.dumps({"header": header, "tiles": tiles, "layers": layers, "ancillary": ancillary}))


def judge(data: bytes, codec: Codec) -> dict[str, str | None]:
    """What comes of bytes: `opens` or the code of a refusal, and a hash of the integers of the first layer."""
    answer: dict[str, str | None] = {"whole": "opens", "prefix": "opens", "decoded": "", "integers": None}
    step = "prefix"
    try:
        open_prefix(data)
    except DicmError as error:
        answer["prefix"] = error.code
    try:
        step = "whole"
        file = read_dicm(data)
        step = "decoded"
        digest = hashlib.sha256()
        for tile in codec.decode(file):
            digest.update(tile.z.astype("<i4").tobytes() + tile.symbols.astype("<i4").tobytes())
        answer |= {"decoded": "opens", "integers": digest.hexdigest()}
    except DicmError as error:
        answer[step] = error.code
    return answer


def batch(args: argparse.Namespace, stream: BinaryIO | None = None) -> None:
    """Read files from stdin, each after its size as a u32; print what comes of each as a line of JSON."""
    stream = stream or sys.stdin.buffer
    codec = Codec(load_model(args.model))
    while size := stream.read(4):
        data = stream.read(int.from_bytes(size, "big"))
        try:
            answer = judge(data, codec)
        except Exception:
            # Whatever is no refusal is a mistake of this reader: it is told, and the next file is read.
            traceback.print_exc()
            answer = {"whole": "crash", "prefix": "crash", "decoded": "crash", "integers": None}
        print(json.dumps(answer), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 3 when a file is refused."""
    parser = argparse.ArgumentParser(prog="dicm_reference", description=__doc__)
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("decode", help=decode.__doc__)
    command.add_argument("file", type=Path)
    command.add_argument("--model", type=Path, required=True, help="model folder")
    command.add_argument("-o", "--output", type=Path, required=True, help=".npz to write")
    command.set_defaults(run=decode)

    command = commands.add_parser("encode", help=encode.__doc__)
    command.add_argument("latents", type=Path)
    command.add_argument("--model", type=Path, required=True, help="model folder")
    command.add_argument("-o", "--output", type=Path, required=True, help=".dicm to write")
    command.set_defaults(run=encode)

    command = commands.add_parser("inspect", help=inspect.__doc__)
    command.add_argument("file", type=Path)
    command.set_defaults(run=inspect)

    command = commands.add_parser("batch", help=batch.__doc__)
    command.add_argument("--model", type=Path, required=True, help="model folder")
    command.set_defaults(run=batch)

    command = commands.add_parser("vectors", help="write the known answers under a fixtures folder")
    command.add_argument("fixtures", type=Path)
    command.set_defaults(run=lambda args: write_vectors(args.fixtures))

    args = parser.parse_args(arguments)
    try:
        args.run(args)
    except DicmError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
