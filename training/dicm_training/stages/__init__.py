"""One module a stage; each declares itself as STAGE. `STAGES` names them in the order of the chain."""

from ..loop.stage import Stage
from . import codec, encoder, export, heads, joint, perceptual, perceptual_export, perceptual_polish, polish, ssl

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        ssl.STAGE,
        codec.STAGE,
        polish.STAGE,
        heads.STAGE,
        joint.STAGE,
        encoder.STAGE,
        export.STAGE,
        perceptual.STAGE,
        perceptual_polish.STAGE,
        perceptual_export.STAGE,
    )
}
