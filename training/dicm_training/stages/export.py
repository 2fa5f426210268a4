"""Stage `export`: fold, quantise and write a model folder (safetensors shards, manifest, classes, vectors)."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..evaluate.objects import draw_masks, find_objects
from ..loop.stage_run import load_heads
from ..models.codec import Model
from ..models.heads import LEVELS, TINY_HEADS, Heads, fold_heads
from ..models.networks import TINY
from ..release.quantise import store
from ..release.released import ReleasedModel, is_decode_critical, is_render
from .codec import DECODE_FILE
from .heads import CATEGORIES_FILE, SYNTHETIC_CATEGORIES, base_tensors, stored
from .joint import load_synthesis

SHARD_BYTES = 15 * 2**20
DTYPE_NAMES = {torch.float32: "F32", torch.float16: "F16", torch.int8: "I8", torch.int32: "I32"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    parser.add_argument("--run", type=Path, help="run folder of the training stages")
    parser.add_argument("--base", type=Path, help="released model folder to take all but the heads from")
    parser.add_argument("--tiny", action="store_true", help="export a tiny randomly initialised model instead")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--name", default="dicm-r50")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--classes", type=Path, help="CSV index,wnid,name")
    parser.add_argument("--licence-file", type=Path, help="licence text of the weights")
    parser.add_argument("--licence", default="Apache-2.0", help="SPDX name or short title of that licence")
    parser.add_argument("--notice", default="", help="provenance: where the weights come from and what was changed")
    parser.add_argument("--figures", type=Path, help="JSON of measured figures to record in the manifest")
    parser.add_argument("--vectors", type=Path, help="also write conformance vectors to this .safetensors file")


BOUNDS = {"hs.": 256.0, "gain.log2_inverse": 64.0, "gain.log2": 16.0, "gain.index_per_octave": 256.0}
"""Largest magnitudes the decoder accepts (spec: hyper-synthesis), longest name first where one starts another."""


def check_bounds(tensors: dict[str, Tensor]) -> None:
    """Refuse weights that every decoder would refuse."""
    for name, value in tensors.items():
        bound = next((b for prefix, b in BOUNDS.items() if name.startswith(prefix)), None)
        largest = float(value.float().abs().max())
        if bound is not None and not largest <= bound:
            raise SystemExit(f"{name} reaches {largest:g}, but a decoder accepts at most {bound:g}: training diverged")


def content_id(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, sorted by name (spec: model identity)."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        shape = ",".join(str(d) for d in value.shape)
        digest.update(f"{name}\0{DTYPE_NAMES[value.dtype]}\0{shape}\0".encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def write_shards(tensors: dict[str, Tensor], folder: Path) -> list[dict[str, object]]:
    """Write the tensors in shards below SHARD_BYTES and return the manifest's list of them."""
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name in sorted(tensors, key=lambda n: (not is_decode_critical(n.removesuffix("_scale")), n)):
        nbytes = tensors[name].numel() * tensors[name].element_size()
        if size and size + nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = tensors[name].contiguous()
        size += nbytes
    entries = []
    for i, shard in enumerate(shards):
        file = f"weights-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file)
        (folder / file).chmod(0o644)
        data = (folder / file).read_bytes()
        entries.append({"file": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    return entries


def read_classes(path: Path | None, count: int) -> list[dict[str, object]]:
    """Read class names; without a file the classes are numbered."""
    if path is None:
        return [{"index": i, "wnid": f"c{i:08d}", "label": f"class {i}"} for i in range(count)]
    with path.open() as file:
        rows = [{"index": int(r["index"]), "wnid": r["wnid"], "label": r["name"]} for r in csv.DictReader(file)]
    if len(rows) != count:
        raise SystemExit(f"{path} holds {len(rows)} classes, but the network has {count}")
    return rows


def describe_heads(heads: Heads, categories: list[dict[str, object]]) -> dict[str, object]:
    """Return the manifest's field `detection`."""
    return {"categories": categories, "maskChannels": heads.arch.mask_channels}


@torch.no_grad()
def write_vectors(folder: Path, path: Path) -> None:
    """Write inputs and outputs of the released networks, computed in float32, for the runtime's tests."""
    model = ReleasedModel.from_folder(folder)
    vectors: dict[str, Tensor] = {}
    for case, (height, width) in {"a": (64, 80), "b": (112, 48)}.items():
        rng = np.random.default_rng(7)
        field = rng.random((1, 3, 5, 5), np.float32)
        # Neither interpolation nor noise: a picture any implementation can read from the file itself.
        rgb = torch.nn.functional.interpolate(torch.from_numpy(field), (height, width), mode="bilinear")
        rgb = (rgb * 255).round() / 255
        y, z = model.encode(rgb)
        z_hat = z.round()
        mean, scale = model.hyper_synthesis(z_hat, *y.shape[2:])
        y_hat = model.dequantised(rgb, torch.tensor([1024.0]))
        f3 = model.synthesise(y_hat)
        *tail, logits = model.tail(f3)
        named = {"rgb": rgb, "y": y, "z": z, "mean": mean, "scale": scale, "y_hat": y_hat, "f3": f3}
        if model.has_heads:
            outputs = model.heads(*tail)
            for level, *maps in zip(LEVELS, outputs.classes, outputs.distances, outputs.controllers, strict=True):
                for part, value in zip(("classes", "distances", "controller"), maps, strict=True):
                    named[f"heads.level{level}.{part}"] = value
            named["heads.mask"] = outputs.mask_features
            source = (height * 3 // 2, width * 3 // 2)
            found = find_objects(outputs, 0, height, width, min_score=0.05, limit=20)
            vectors[f"{case}.found.scores"], vectors[f"{case}.found.boxes"] = found.scores, found.boxes
            vectors[f"{case}.found.categories"] = found.categories.int()
            masks = draw_masks(found, outputs.mask_features[0], (height, width), source)
            vectors[f"{case}.found.masks"] = masks.to(torch.uint8)  # in a source picture 1.5 times the coded size
        for name, value in named.items():
            vectors[f"{case}.{name}"] = value.permute(0, 2, 3, 1).contiguous()  # NHWC
        vectors[f"{case}.logits"] = logits
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(vectors, path)
    path.chmod(0o644)


def tiny_model() -> Model:
    """Make a tiny model with random weights whose latents are large enough to exercise every table."""
    torch.manual_seed(20)
    model = Model(TINY)
    codec = model.codec
    with torch.no_grad():
        for conv in (codec.ga.out, codec.gs.up2):
            torch.nn.init.normal_(conv.weight, std=0.05)
        codec.ga.linear.weight.mul_(8)
        codec.gs.linear.weight.mul_(4)
        codec.re.mix.fill_(0.3)
        codec.ha.out.weight.mul_(6)
        codec.hs.out.weight.mul_(4)
        codec.hs.out.bias[: TINY.latent].zero_()  # type: ignore[index]
        codec.hs.out.bias[TINY.latent :].fill_(24)  # type: ignore[index]
        levels = torch.linspace(-1, 4, TINY.quality_levels)[:, None]
        codec.log2_gain.copy_(levels + 0.2 * torch.randn(1, TINY.latent))
        codec.log2_inverse_gain.copy_(-codec.log2_gain)
        for parameter in model.tail.parameters():
            if parameter.dim() == 1:
                parameter.uniform_(-0.1, 0.1)
        codec(model.head(torch.randn(4, 3, 64, 64)), torch.zeros(4))
    return model


def tiny_heads(model: Model) -> Heads:
    """Make tiny heads with random weights whose scores and boxes spread enough to be worth comparing."""
    torch.manual_seed(21)
    heads = Heads(TINY_HEADS).eval()
    with torch.no_grad():
        for conv in (*heads.classes, *heads.distances, *heads.controllers):
            assert isinstance(conv, torch.nn.Conv2d) and conv.bias is not None
            torch.nn.init.normal_(conv.weight, std=0.15)
            conv.bias.add_(0.3 * torch.randn(conv.bias.shape))
        heads.train()
        for _ in range(60):
            *tail, _ = model.tail(model.head(torch.randn(4, 3, 64, 64)))
            heads(tuple(tail))  # sets the running statistics of the norms
    return heads.eval()


def keep_decode_path(tensors: dict[str, Tensor], run: Path) -> None:
    """Take the entropy tables of the release that the run's codec went on from, so that the decode id stays."""
    path = run / DECODE_FILE
    if not path.exists():
        return
    kept = load_file(path)
    changed = [name for name in kept if not name.startswith("entropy.") and not torch.equal(kept[name], tensors[name])]
    if changed:
        raise SystemExit(f"{', '.join(changed)} differ from {path}: the run's checkpoints are not of one chain")
    tensors.update(kept)


def heads_of(run: Path) -> tuple[Heads, list[dict[str, object]]] | None:
    """Load the heads that the run trained, with their categories; None when it has none."""
    path = next((run / name for name in ("joint.pt", "heads.pt") if (run / name).exists()), None)
    if path is None:
        return None
    heads, _ = load_heads(path, torch.device("cpu"))
    if not heads.arch.dynamic:
        raise SystemExit(f"{path} has prototype masks, which no runtime reads: train without --prototypes")
    return heads, json.loads((run / CATEGORIES_FILE).read_text())


def run(args: argparse.Namespace) -> None:
    """Write the model folder; an existing one at the same place is replaced as a whole."""
    if not args.tiny and args.run is None:
        raise SystemExit("--run FOLDER is needed, or --tiny")
    if args.tiny:
        model = tiny_model()
        tensors = stored(model)
        heads: tuple[Heads, list[dict[str, object]]] | None = (tiny_heads(model), SYNTHETIC_CATEGORIES)
    else:
        tensors, heads = base_tensors(args.run, args.base), heads_of(args.run)
        if (args.run / "joint.pt").exists():
            for name, value in load_synthesis(args.run / "joint.pt").items():
                tensors.update(store(name, value))
        if args.base is None:
            keep_decode_path(tensors, args.run)
    check_bounds(tensors)
    if heads is not None:
        for name, value in fold_heads(heads[0]).items():
            tensors.update(store(name, value))
    temporary = args.out.with_name(args.out.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    weights = write_shards(tensors, temporary)
    classes = read_classes(args.classes, tensors["tail.fc.weight"].shape[0])
    rows = ",\n".join(json.dumps(c) for c in classes)
    (temporary / "classes.json").write_text(f"[\n{rows}\n]\n")
    manifest = {
        "schema": "dicm.model/1",
        "name": args.name,
        "description": "tiny random weights for tests" if args.tiny else "ResNet-50 semantic profile",
        "version": args.version,
        "profile": "semantic",
        "decodeId": content_id({k: v for k, v in tensors.items() if is_decode_critical(k)}),
        "renderId": content_id({k: v for k, v in tensors.items() if is_render(k)}),
        "weights": weights,
        "classes": "classes.json",
        "architecture": {
            "latentChannels": tensors["gain.log2"].shape[1],
            "hyperChannels": tensors["hs.in.weight"].shape[1],
            "tileSize": 512,
            "qualityLevels": tensors["gain.log2"].shape[0],
            "classes": len(classes),
        },
        **({"detection": describe_heads(*heads)} if heads is not None else {}),
        "licence": args.licence,
        "provenance": args.notice or ("random, seeded" if args.tiny else ""),
        "figures": json.loads(args.figures.read_text()) if args.figures else {},
    }
    (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    if args.licence_file:
        shutil.copyfile(args.licence_file, temporary / "LICENSE")
    if args.out.exists():
        shutil.rmtree(args.out)
    temporary.rename(args.out)
    if args.vectors:
        write_vectors(args.out, args.vectors)
    total = sum(int(str(w["bytes"])) for w in weights)
    print(
        f"{args.out}: {total / 2**20:.1f} MiB, "
        f"decode id {manifest['decodeId'][:8]}, render id {manifest['renderId'][:4]}"
    )
