"""The layouts in which CelebA is handed round, made of a few pictures."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True, kw_only=True)
class Celebrity:
    """A picture and what the tables say of it."""

    data: bytes
    smiling: bool
    part: int
    """Of the official partition: 0 for training, 1 and 2 for what is held out."""


Pictures = Mapping[str, Celebrity]
"""By the official name."""
Layout = Callable[[Path, Pictures], Path]
"""Writes pictures and tables into a folder; returns what a recipe names."""


def unpacked(folder, pictures):
    folder.mkdir(parents=True)
    for name, celebrity in pictures.items():
        (folder / name).write_bytes(celebrity.data)


def zipped(file, pictures, prefix):
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for name, celebrity in pictures.items():
            archive.writestr(prefix + name, celebrity.data)
        archive.writestr("__MACOSX/" + prefix + "._000001.jpg", b"no picture")


def text_tables(pictures, attributes, partition):
    rows = [f"{n} {1 if p.smiling else -1:2} -1" for n, p in pictures.items()]
    attributes.parent.mkdir(parents=True, exist_ok=True)
    attributes.write_text("\n".join([str(len(rows)), "Smiling Young ", *rows, ""]))
    partition.parent.mkdir(parents=True, exist_ok=True)
    partition.write_text("".join(f"{n} {p.part}\n" for n, p in pictures.items()))


def csv_tables(pictures, folder, no="-1"):
    rows = [f"{n},{no},{1 if p.smiling else no}" for n, p in pictures.items()]
    (folder / "list_attr_celeba.csv").write_text("\n".join(["image_id,Young,Smiling", *rows, ""]))
    rows = [f"{n},{p.part}" for n, p in pictures.items()]
    (folder / "list_eval_partition.csv").write_text("\n".join(["image_id,partition", *rows, ""]))


def flat(root, pictures):
    unpacked(root / "img_align_celeba", pictures)
    text_tables(pictures, root / "list_attr_celeba.txt", root / "list_eval_partition.txt")
    return root


def flat_zip(root, pictures):
    zipped(root / "img_align_celeba.zip", pictures, "")
    text_tables(pictures, root / "list_attr_celeba.txt", root / "list_eval_partition.txt")
    return root


def official(root, pictures):
    unpacked(root / "Img" / "img_align_celeba", pictures)
    text_tables(
        pictures,
        root / "Anno" / "list_attr_celeba.txt",
        root / "Eval" / "list_eval_partition.txt",
    )
    (root / "Img" / "img_celeba.7z").mkdir()  # the in-the-wild pictures are there, too
    return root


def official_zip(root, pictures):
    zipped(root / "Img" / "img_align_celeba.zip", pictures, "img_align_celeba/")
    text_tables(
        pictures,
        root / "Anno" / "list_attr_celeba.txt",
        root / "Eval" / "list_eval_partition.txt",
    )
    return root


def pointed_at_img(root, pictures):
    return official(root, pictures) / "Img"


def pointed_at_the_zip(root, pictures):
    return official_zip(root, pictures) / "Img" / "img_align_celeba.zip"


def kaggle(root, pictures):
    unpacked(root / "img_align_celeba" / "img_align_celeba", pictures)
    csv_tables(pictures, root)
    return root


def kaggle_pointed_at_the_inner_folder(root, pictures):
    return kaggle(root, pictures) / "img_align_celeba" / "img_align_celeba"


def kaggle_with_zeros(root, pictures):
    unpacked(root / "img_align_celeba" / "img_align_celeba", pictures)
    csv_tables(pictures, root, no="0")
    return root / "img_align_celeba"


def windows(root, pictures):
    """Byte-order marks, Windows line ends, other cases and suffixes of names."""
    flat(root, {name.upper().replace(".JPG", ".JPEG"): p for name, p in pictures.items()})
    for file in root.glob("*.txt"):
        lines = file.read_bytes().replace(b"\n", b"\r\n").replace(b".JPEG", b".jpg")
        file.unlink()
        file.with_name(file.name.upper()).write_bytes(b"\xef\xbb\xbf" + lines)
    return root


def parquet(root, pictures):
    """Two shards for training, one each for the rest, with small row groups."""
    by_part = {part: [n for n, p in pictures.items() if p.part == part] for part in (0, 1, 2)}
    shards = {
        "train-00000-of-00002": by_part[0][::2],
        "train-00001-of-00002": by_part[0][1::2],
        "validation-00000-of-00001": by_part[1],
        "test-00000-of-00001": by_part[2],
    }
    for shard, names in shards.items():
        rows = [
            {
                "image": {"bytes": pictures[name].data, "path": name},
                "Smiling": pictures[name].smiling,
                "Young": False,
            }
            for name in names
        ]
        write_parquet(root / "data" / f"{shard}.parquet", rows)
    return root


def write_parquet(file, rows, row_group_size=2):
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=row_group_size)


LAYOUTS: dict[str, Layout] = {
    layout.__name__: layout
    for layout in (
        flat,
        flat_zip,
        official,
        official_zip,
        pointed_at_img,
        pointed_at_the_zip,
        kaggle,
        kaggle_pointed_at_the_inner_folder,
        kaggle_with_zeros,
        windows,
        parquet,
    )
}
