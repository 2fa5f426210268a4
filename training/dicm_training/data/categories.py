"""The 80 categories of COCO's objects, and what other lists call them."""

from __future__ import annotations

COCO_CATEGORIES: tuple[tuple[int, str], ...] = (
    *enumerate("person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant".split(","), 1),
    *enumerate("stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe".split(","), 13),
    *enumerate("backpack,umbrella".split(","), 27),
    *enumerate("handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat".split(","), 31),
    *enumerate("baseball glove,skateboard,surfboard,tennis racket,bottle".split(","), 40),
    *enumerate("wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli".split(","), 46),
    *enumerate("carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed".split(","), 57),
    (67, "dining table"),
    (70, "toilet"),
    *enumerate("tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator".split(","), 72),
    *enumerate("book,clock,vase,scissors,teddy bear,hair drier,toothbrush".split(","), 84),
)
"""(id, name) in the order of the ids, which is the order of a COCO detector's outputs (Lin et al. 2014)."""
OTHER_WORDS = {"aeroplane": "airplane", "motorbike": "motorcycle", "sofa": "couch", "tvmonitor": "tv"}
"""Names of PASCAL VOC that COCO has other words for."""


def category_key(name: str) -> str:
    """What two lists have in common when they mean the same category: no spaces or hyphens, and COCO's word."""
    plain = "".join(c for c in name.lower() if c not in " -_")
    return OTHER_WORDS.get(plain, plain)


def coco_categories() -> list[dict[str, object]]:
    """List the categories [{id, name}] as a manifest does."""
    return [{"id": number, "name": name} for number, name in COCO_CATEGORIES]
