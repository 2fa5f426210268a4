"""What data sets call categories of objects."""

from __future__ import annotations

_OTHER_WORDS = {"aeroplane": "airplane", "motorbike": "motorcycle", "sofa": "couch", "tvmonitor": "tv"}
"""Names of PASCAL VOC that COCO has other words for, as :func:`category_key` writes them."""

_COCO = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
    parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella,
    handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove,
    skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple,
    sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining
    table, toilet, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink,
    refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush
"""

_VOC = """
    aeroplane, bicycle, bird, boat, bottle, bus, car, cat, chair, cow, diningtable, dog, horse, motorbike,
    person, pottedplant, sheep, sofa, train, tvmonitor
"""


def category_key(name: str) -> str:
    """What two lists of categories have in common when they mean the same one.

    Small letters without spaces and hyphens, and COCO's word where PASCAL VOC has another.
    """
    plain = "".join(letter for letter in name.lower() if not letter.isspace() and letter not in "_-")
    return _OTHER_WORDS.get(plain, plain)


def _keys(names: str) -> frozenset[str]:
    return frozenset(category_key(name) for name in names.split(","))


CATEGORY_LISTS = {"coco": _keys(_COCO), "voc": _keys(_VOC)}
"""Lists of categories that have a name of their own, as keys."""
