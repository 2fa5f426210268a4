"""Where the ONNX graphs of a model lie, and that they are its own (docs/cli.md, "Networks as ONNX files")."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from ..model.find import PACKAGE_DATA
from ..model.load import Model
from ..model.read_file import read_model_file

GRAPHS_FOLDER = "onnx"
"""Folder of a model that holds its graphs."""

GRAPHS_FILE = "graphs.json"
"""Name of the file that lists the graphs, and says of which model they are."""


@dataclass(frozen=True, slots=True)
class Graph:
    """An ONNX file: channels of its inputs, and names of its outputs."""

    path: Path
    size_bytes: int
    sha256: str
    inputs: Mapping[str, int]
    outputs: tuple[str, ...]

    def read(self) -> bytes:
        """The file, compared with its size and SHA-256. Raises ModelError ``model-damaged``, ``model-missing``."""
        data = read_model_file(self.path)
        if len(data) != self.size_bytes or hashlib.sha256(data).hexdigest() != self.sha256:
            message = f"{self.path} is not the file that {GRAPHS_FILE} beside it lists; export the graphs again"
            raise ModelError("model-damaged", message)
        return data


def find_graphs(model: Model) -> dict[str, Graph]:
    """Finds the graphs of a model: in its folder, or in the package, where they are those of the same render id.

    Returns:
        Graphs by the name of the network: ``features``, ``tail``, ``heads``, or ``picture``.

    Raises:
        ModelError: ``model-missing`` where there are none, with what to do; ``model-damaged`` for those of another
            model.
    """
    own = model.folder / GRAPHS_FOLDER
    if (own / GRAPHS_FILE).is_file():
        return _read_list(own, model)
    packaged = PACKAGE_DATA / "model" / GRAPHS_FOLDER
    if (packaged / GRAPHS_FILE).is_file() and _render_id(packaged) == model.manifest.render_id:
        return _read_list(packaged, model)
    name = model.manifest.name
    raise ModelError(
        "model-missing",
        f"the networks of model {name} are not there as ONNX files: {own / GRAPHS_FILE} does not exist; "
        f"`dicm models export --onnx {own} --model {model.folder}` writes them",
    )


def _render_id(folder: Path) -> object:
    return _read_json(folder / GRAPHS_FILE).get("renderId")


def _read_json(path: Path) -> dict[str, object]:
    try:
        parsed = json.loads(read_model_file(path).decode("utf-8", "replace"))
    except (ValueError, RecursionError) as cause:
        raise ModelError("model-damaged", f"{path} is not JSON: {cause}") from cause
    if not isinstance(parsed, dict) or parsed.get("schema") != "dicm.graphs/1":
        raise ModelError("model-damaged", f"{path} is no list of graphs of schema dicm.graphs/1")
    return parsed


def _read_list(folder: Path, model: Model) -> dict[str, Graph]:
    path = folder / GRAPHS_FILE
    listed = _read_json(path)
    manifest = model.manifest
    for key, wanted in (("name", manifest.name), ("renderId", manifest.render_id)):
        if listed.get(key) != wanted:
            raise ModelError(
                "model-damaged",
                f"{path} is of a model with {key} {listed.get(key)}, and {model.folder} has {wanted}; "
                "export the graphs of this model again",
            )
    graphs = {}
    entries = listed.get("graphs")
    for entry in entries if isinstance(entries, list) else []:
        graph = _read_entry(folder, entry)
        if graph is None:
            raise ModelError("model-damaged", f"{path}: {entry!r} describes no graph")
        graphs[graph.path.stem] = graph
    return graphs


def _read_entry(folder: Path, entry: object) -> Graph | None:
    fields = entry if isinstance(entry, dict) else {}
    file, size, sha256 = (fields.get(key) for key in ("file", "bytes", "sha256"))
    inputs, outputs = fields.get("inputs"), fields.get("outputs")
    plain = isinstance(file, str) and file == Path(file).name and file.endswith(".onnx")
    if not plain or not isinstance(size, int) or not isinstance(sha256, str):
        return None
    if not isinstance(inputs, dict) or not isinstance(outputs, list):
        return None
    channels = {str(name): int(count) for name, count in inputs.items() if isinstance(count, int)}
    return Graph(folder / str(file), size, sha256, channels, tuple(str(name) for name in outputs))
