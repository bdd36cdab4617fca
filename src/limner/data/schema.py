"""The schemas of a dataset's tables, also for Hugging Face datasets."""

import json
from typing import Any

import pyarrow as pa

__all__ = ["DROPPED", "EXAMPLES", "FACES", "KEY", "ROWS", "hugging_face_features"]

KEY = b"limner"
"""The metadata entry of `faces.parquet`, as JSON."""
ROWS = 512
"""Faces in a row group, which a reader has to keep in memory."""

_PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

FACES = pa.schema(
    [
        # PNG bytes, and the file that the face was found in, relative to the source folder
        ("image", _PICTURE),
        # first folder below the source folder, or its own name
        ("source", pa.string()),
        # photo or sketch
        ("kind", pa.string()),
        # the person, as far as known: never in two splits
        ("identity", pa.string()),
        ("split", pa.string()),
        # left, top, right, bottom in px of the file's picture
        ("box", pa.list_(pa.int32(), 4)),
        # x, y of the five points in px of the file's picture
        ("points", pa.list_(pa.float32(), 10)),
        # roll in degrees: the angle of the eye line
        ("angle", pa.float32()),
        # yaw in degrees, estimated from the points
        ("turn", pa.float32()),
        # px between the outer eye corners in the file's picture
        ("eye_distance", pa.float32()),
        # standard deviation of the Laplacian at 128 px, in grey levels
        ("sharpness", pa.float32()),
        # label of the source, 0 or 1; without one the score of `limner.faces.smile`, 0..1
        ("smile", pa.float32()),
        # whether `smile` is a label
        ("labelled", pa.bool_()),
        # perceptual hash of 256 bits
        ("hash", pa.binary(32)),
        # SHA-256 of the file
        ("checksum", pa.string()),
    ]
)
DROPPED = pa.schema(
    [
        ("path", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        # one of `limner.data.cleaning.REASONS`
        ("reason", pa.string()),
        # what was found, and the limit
        ("detail", pa.string()),
    ]
)
EXAMPLES = pa.schema(
    [
        ("path", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        # as in DROPPED; '' for a face that was kept
        ("reason", pa.string()),
        # JPEG bytes of the picture as it was, small
        ("before", _PICTURE),
        # PNG bytes of its face; null if there is none
        ("after", _PICTURE),
    ]
)


def hugging_face_features() -> bytes:
    """The columns as Hugging Face datasets describes them, so that it shows images as images."""
    kinds = {pa.string(): "string", pa.float32(): "float32", pa.bool_(): "bool"}
    kinds[pa.binary(32)] = "binary"
    lists = {"box": ("int32", 4), "points": ("float32", 10)}
    features: dict[str, Any] = {}
    for field in FACES:
        if field.name == "image":
            features["image"] = {"_type": "Image"}
        elif field.name in lists:
            kind, length = lists[field.name]
            item = {"dtype": kind, "_type": "Value"}
            features[field.name] = {"feature": item, "length": length, "_type": "List"}
        else:
            features[field.name] = {"dtype": kinds[field.type], "_type": "Value"}
    return json.dumps({"info": {"features": features}}).encode()
