"""What the 2018 study saw by eye, and which comparison of our measures tests it.

One score decides a finding. Score and direction are fixed here, whatever a study finds, so that
nobody picks the score that suits. The scores beside it are shown and decide nothing.

Looks are decided by `appearance.distance`, which reacts to wrong colours, light and grain; KID on
face descriptors does not (see the corruptions in `docs/measuring.md`). Who it is is decided by
rank-1: by its mean distance, an average face would win.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["FINDINGS", "MARGINS", "POOR", "SHOWN", "Claim", "Finding"]

POOR = "balanced, poor sketches"
"""The runs of `balanced`, on sketches of poor quality."""

Claim = Literal["better", "no better", "above target"]
"""What was claimed of `subject`: that it is better than `other`; that it is not; or that its score
is above its target, whatever other experiments do."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A statement of the study and how it is tested."""

    name: str
    title: str
    said: str
    """What the study said, or what it chose."""
    chosen: bool = False
    """Whether the study chose this without a comparison of its own."""
    subject: str
    """The experiment that it is about."""
    other: str = ""
    """The experiment to compare with, or `POOR`; '' for none."""
    claim: Claim = "better"
    decided_by: str
    """The score that decides."""
    why: str
    """Why this score."""
    beside: tuple[str, ...] = ()
    """Scores that are shown beside it."""

    @property
    def experiments(self) -> tuple[str, ...]:
        """The experiments that it needs."""
        return tuple(name for name in (self.subject, self.other) if name not in ("", POOR))


FINDINGS = (
    Finding(
        name="alignment",
        title="Faces must be aligned",
        said="Without alignment faces are not translated, with odd colours and heavy artefacts; "
        "with it volumes and colours are much better.",
        subject="aligned",
        other="unaligned",
        decided_by="appearance.distance",
        why="Colours, light and grain of the results, against those of real photos.",
        beside=("kid", "identity.rank1", "detection.rate", "cycle.difference"),
    ),
    Finding(
        name="smiles",
        title="Smiles are added by mistake",
        said="Trained on mostly smiling photos, the model adds smiles.",
        subject="aligned",
        claim="above target",
        decided_by="smile.drift",
        why="The share of smiling results, less that of the true photos; 0 adds none.",
        beside=("smile.score", "smile.changed"),
    ),
    Finding(
        name="balance",
        title="Balancing removes the added smiles",
        said="With one smiling photo in 20, smiles are no longer added.",
        subject="balanced",
        other="aligned",
        decided_by="smile.drift",
        why="The share of smiling results, less that of the true photos; nearer to 0 is better.",
        beside=("smile.score", "smile.changed"),
    ),
    Finding(
        name="best",
        title="Aligned and balanced is the best",
        said="The best of all: better than aligned photos alone.",
        subject="balanced",
        other="aligned",
        decided_by="appearance.distance",
        why="How near results look to real photos, in one number.",
        beside=("kid", "identity.genuine", "identity.rank1"),
    ),
    Finding(
        name="average",
        title="Some outputs look like the average face",
        said="Some outputs of the best model look like the average CUFS face instead of their "
        "input.",
        subject="balanced",
        claim="above target",
        decided_by="collapse.average",
        why="0 where faces are as individual as those of real people, 1 where all are the same: of "
        "the results as a whole, so a few average ones among many do not show.",
        beside=("collapse.diversity", "dependence.explained"),
    ),
    Finding(
        name="low quality",
        title="Low-quality inputs fail",
        said="Sketches of low quality still fail in the best model.",
        subject="balanced",
        other=POOR,
        decided_by="identity.rank1",
        why="How many of the people are still recognised, against the sketches as they are. All "
        "sketches at hand are careful ones, so poor ones are made of them: a third of the size, "
        "compressed, and enlarged again.",
        beside=("detection.rate", "appearance.distance", "kid", "collapse.average"),
    ),
    Finding(
        name="filtered",
        title="Filtered photos among the sketches do not help",
        said="Set2, with 1000 filtered photos among the sketches, is no help: filtered photos do "
        "not look hand-drawn.",
        subject="filtered",
        other="balanced",
        claim="no better",
        decided_by="appearance.distance",
        why="How near results from hand-drawn sketches look to real photos.",
        beside=("kid", "identity.rank1", "strokes.recall"),
    ),
    Finding(
        name="groups",
        title="A bottleneck of 4 groups is better",
        said="Grouped convolutions in the bottleneck, 4 groups against 1, look better.",
        subject="balanced",
        other="ungrouped",
        decided_by="appearance.distance",
        why="The study compared how real the results look.",
        beside=("kid", "identity.rank1", "strokes.recall"),
    ),
    Finding(
        name="generator",
        title="The U-Net is better than the ResNet generator",
        said="The study began with a ResNet generator and replaced it by a U-Net.",
        chosen=True,
        subject="balanced",
        other="resnet",
        decided_by="appearance.distance",
        why="How near results look to real photos. Both upsample by nearest neighbours here, so "
        "the checkerboard of transposed convolutions is not part of the comparison.",
        beside=("kid", "identity.rank1", "checkerboard.common", "strokes.recall"),
    ),
    Finding(
        name="gan loss",
        title="Least squares are the better GAN loss",
        said="The study trained with least squares (LSGAN), not with the plain GAN loss.",
        chosen=True,
        subject="balanced",
        other="plain-gan",
        decided_by="appearance.distance",
        why="What counts is the result; how steady the loss was stands beside it.",
        beside=("kid", "stability.swing", "stability.warnings", "collapse.diversity"),
    ),
    Finding(
        name="stabilisers",
        title="Noisy and flipped labels stabilise training",
        said="Noise on the labels, and one in a hundred flipped, stabilise the training.",
        chosen=True,
        subject="balanced",
        other="exact-labels",
        decided_by="stability.swing",
        why="How much the discriminators' scores of generated images swing.",
        beside=("stability.lead", "stability.warnings", "kid", "collapse.diversity"),
    ),
    Finding(
        name="cycle",
        title="The cycle loss keeps the person",
        said="The study is built on cycle consistency, so that a photo follows its sketch.",
        chosen=True,
        subject="balanced",
        other="uncycled",
        decided_by="identity.rank1",
        why="How many of the people are recognised in their results.",
        beside=("identity.genuine", "dependence.explained", "strokes.recall", "cycle.difference"),
    ),
    Finding(
        name="reconstruction",
        title="An L1 cycle loss is better than DiscoGAN's reconstruction",
        said="The study names DiscoGAN's reconstruction as an alternative, and takes L1.",
        chosen=True,
        subject="balanced",
        other="discogan",
        decided_by="identity.rank1",
        why="How many of the people are recognised in their results.",
        beside=("identity.genuine", "dependence.explained", "strokes.recall", "cycle.difference"),
    ),
)
"""The findings, in the order of the study."""

MARGINS = {
    "appearance.distance": 0.1,
    "identity.rank1": 0.05,
    "smile.drift": 0.05,
    "stability.swing": 0.02,
    "collapse.average": 0.05,
}
"""The smallest difference that matters, for each score that decides: our choice. A model is shown
to be no better than another if it is better by less than this."""

SHOWN = (
    "smile.drift",
    "checkerboard.common",
    "identity.genuine",
    "identity.rank1",
    "kid",
    "appearance.distance",
    "collapse.diversity",
    "collapse.average",
    "dependence.explained",
    "strokes.recall",
    "cycle.difference",
    "detection.rate",
    "stability.swing",
    "stability.lead",
    "stability.warnings",
)
"""The scores in the table of all experiments."""
