"""Reads files from stdin, each after its size as a u32, and prints what comes of each as a line of JSON.

This is the protocol of ``scripts/fuzz.js`` for readers that are compared with Node's: ``whole``, ``prefix`` and
``decoded`` are ``opens`` or the code of a refusal, ``integers`` is the SHA-256 of the integers of the first layer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import traceback
from pathlib import Path

import dicm
from dicm.codec.layer import CodedLayer
from dicm.shelf import open_model

Answer = dict[str, "str | None"]


def judge(data: bytes, model: Path) -> Answer:
    """What comes of a file, read as a whole, as a prefix, and decoded."""
    answer: Answer = {"whole": "opens", "prefix": "opens", "decoded": "", "integers": None}
    try:
        dicm.open(data, prefix=True)
    except dicm.DicmError as error:
        answer["prefix"] = error.code
    step = "whole"
    try:
        file = dicm.open(data)
        step = "decoded"
        # Whatever the layer says that it is for: its integers are those of a decode id.
        info = file.info.layers[0]
        layer = CodedLayer(data, info, open_model(model, info.decode_id, "semantic"))
        digest = hashlib.sha256()
        for _, tile in layer.decode_all():
            digest.update(tile.hyper_latents.tobytes() + tile.symbols.tobytes())
        answer |= {"decoded": "opens", "integers": digest.hexdigest()}
    except dicm.DicmError as error:
        answer[step] = error.code
    return answer


def main() -> None:
    """Answers until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    model: Path = parser.parse_args().model
    while size := sys.stdin.buffer.read(4):
        data = sys.stdin.buffer.read(int.from_bytes(size, "big"))
        try:
            answer = judge(data, model)
        except Exception:
            # Whatever is no refusal is a mistake of this reader: it is told, and the next file is read.
            traceback.print_exc()
            answer = {"whole": "crash", "prefix": "crash", "decoded": "crash", "integers": None}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
