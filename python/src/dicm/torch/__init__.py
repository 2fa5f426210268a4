"""Data sets of .dicm files for PyTorch: ``pip install 'dicm[torch,onnx]'``.

>>> from torch.utils.data import DataLoader
>>> from dicm.torch import DicmDataset, collate
>>> data = DicmDataset("coded", layer="layer4")      # coded/cat/1.dicm, coded/dog/2.dicm, ...
>>> for features, labels, sizes in DataLoader(data, batch_size=32, num_workers=2, collate_fn=collate):
...     ...

Models are opened lazily, once a process, so workers may be forked or spawned.
"""

from .adapters import HuggingFaceTransform, WebDatasetDecoder
from .batches import Batch, collate
from .dataset import DicmDataset
from .decoding import FeatureOptions

__all__ = ["Batch", "DicmDataset", "FeatureOptions", "HuggingFaceTransform", "WebDatasetDecoder", "collate"]
