"""Files that are broken and disks that refuse: a clear error, and nothing lost."""

from __future__ import annotations

import errno
import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import InputError, StorageError, UnreadableFile
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.io.reading import looks_like_labels, read_labels, read_volume
from ctstudio.io.samples import write_sample
from ctstudio.io.storage import check_place, storage_error, write_text
from ctstudio.io.text_headers import segments_in
from ctstudio.io.writing import WRITABLE, write_volume
from ctstudio.protocol.result import Sample

GRID = Grid((8, 32, 32), (1.0, 1.0, 2.0))


def noisy(shape: tuple[int, int, int] = GRID.shape) -> Volume:
    array = np.random.default_rng(0).normal(0, 300, shape).astype(np.int16)
    return Volume(array, Grid(shape, GRID.spacing_mm), synthetic=True)


def refused(path: Path) -> None:
    for read in (read_volume, read_labels, looks_like_labels):
        with pytest.raises(InputError) as caught:
            read(path)
        assert caught.value.message
        assert caught.value.remedy
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("share", [0.0, 0.002, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_never_read_half(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"scan{suffix}"
    write_volume(noisy(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path)


def test_a_damaged_gzip_is_noticed_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii.gz"
    write_volume(noisy(), path)
    whole = bytearray(path.read_bytes())
    whole[-6] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(UnreadableFile, match="damaged"):
        read_volume(path)


@pytest.mark.parametrize(
    "name", ["a.nii.gz", "a.nii", "a.hdr", "a.nrrd", "a.nhdr", "a.mha", "a.mhd", "a.dcm", "a.txt", "a"]
)
def test_text_under_any_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("This is not an image.\n" * 100)
    refused(tmp_path / name)


def test_packed_text_missing_paths_and_empty_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.nii.gz").write_bytes(gzip.compress(b"hello " * 1000))
    refused(tmp_path / "text.nii.gz")
    refused(tmp_path / "missing.nii.gz")
    (tmp_path / "folder").mkdir()
    for read in (read_volume, read_labels):
        with pytest.raises(UnreadableFile):
            read(tmp_path / "folder")
    (tmp_path / "folder.nii").mkdir()
    with pytest.raises(UnreadableFile):
        read_volume(tmp_path / "folder.nii")


def test_an_mhd_without_its_raw_file_is_refused(tmp_path: Path) -> None:
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "DimSize = 4 4 4",
        "ElementType = MET_SHORT",
        "ElementDataFile = gone.raw",
    ]
    (tmp_path / "a.mhd").write_text("\n".join(lines) + "\n")
    refused(tmp_path / "a.mhd")


def test_random_damage_to_a_header_never_gets_past_our_errors(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for suffix, length in ((".nii", 340), (".nrrd", 340), (".mha", 260)):
        path = tmp_path / f"scan{suffix}"
        write_volume(noisy((2, 4, 5)), path)
        whole = path.read_bytes()
        for _ in range(200):
            broken = bytearray(whole)
            for place in random.integers(0, length, 3):
                broken[place] = random.integers(0, 256)
            path.write_bytes(broken)
            with suppress(InputError):
                read_volume(path)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        (b"NDims = 3", b"NDims = -3"),
        (b"NDims = 3\n", b""),
        (b"DimSize = 5 4 2", b"DimSize = 5 4"),
        (b"DimSize = 5 4 2", b"DimSize = 5 4 200"),
        (b"ElementType = MET_SHORT", b"ElementType = MET_{HORT"),
        (b"ElementDataFile = LOCAL\n", b"ElementDataFile = LOCAL"),
        (b"ElementSpacing = 1 1 2", b"ElementSpacing = 1 nan 2"),
    ],
)
def test_a_damaged_metaimage_neither_kills_the_program_nor_makes_its_reader_talk(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], line: bytes, instead: bytes
) -> None:
    path = tmp_path / "scan.mha"
    write_volume(noisy((2, 4, 5)), path)
    whole = path.read_bytes()
    assert line in whole
    path.write_bytes(whole.replace(line, instead))
    with pytest.raises(InputError):
        read_volume(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("place", "content"), [(40, b"\x09\0"), (42, b"\xff\xff"), (70, b"\x07\0"), (108, b"\0\0\xc0\x7f")]
)
def test_a_damaged_nifti_header_is_refused_in_our_words_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], place: int, content: bytes
) -> None:
    path = tmp_path / "scan.nii"
    write_volume(noisy((2, 4, 5)), path)
    broken = bytearray(path.read_bytes())
    broken[place : place + len(content)] = content
    path.write_bytes(broken)
    with pytest.raises(UnreadableFile):
        read_volume(path)
    assert capfd.readouterr().err == ""


def test_a_colour_that_is_none_does_not_keep_labels_from_being_read() -> None:
    pairs = {"Segment0_Name": "liver", "Segment0_LabelValue": "5", "Segment0_Color": "red"}
    assert [label.name for label in segments_in(pairs)] == ["liver"]


def test_a_folder_is_not_called_dicom_when_labels_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is a folder"):
        read_labels(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_full_disk_leaves_the_old_file_whole(small_disk: Path, suffix: str) -> None:
    path = small_disk / f"scan{suffix}"
    write_volume(noisy((2, 8, 8)), path)
    old = path.read_bytes()
    with pytest.raises(StorageError, match="full") as caught:
        write_volume(noisy((40, 64, 64)), path)
    assert "Free some space" in caught.value.remedy
    assert path.read_bytes() == old
    assert [p.name for p in small_disk.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_a_full_disk_leaves_no_half_sample(small_disk: Path) -> None:
    made = Provenance("na_diff", "generate", {}, 0, "demo")
    labels = LabelMap(np.zeros(GRID.shape, np.uint8), GRID, standard_table())
    with pytest.raises(StorageError):
        write_sample(small_disk, Sample(0, {"ct": noisy((40, 64, 64)), "mask": labels}, {}, made))
    assert list(small_disk.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limit on the size of a file")
def test_a_refusal_in_the_middle_of_a_sample_leaves_nothing(tmp_path: Path) -> None:
    import resource

    made = Provenance("na_diff", "generate", {}, 0, "demo")
    big = Sample(
        0,
        {"mask": LabelMap(np.zeros(GRID.shape, np.uint8), GRID, standard_table()), "ct": noisy((40, 64, 64))},
        {},
        made,
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, before[1]))
    try:
        with pytest.raises(StorageError, match="not saved"):
            write_sample(tmp_path / "out", big)
        assert list((tmp_path / "out").iterdir()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert write_sample(tmp_path / "out", big).name == "0001"


@pytest.mark.parametrize(
    ("code", "says"),
    [(errno.ENOSPC, "is full"), (errno.EACCES, "may not be written"), (errno.EROFS, "may not be written")],
)
def test_each_refusal_has_its_words(tmp_path: Path, code: int, says: str) -> None:
    error = storage_error(OSError(code, os.strerror(code)), tmp_path / "a.nii.gz")
    assert says in error.message
    assert error.remedy
    assert error.exit_code == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_said(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StorageError, match="may not be written"):
        write_volume(noisy(), closed / "scan.nii.gz")


def test_a_path_through_a_file_or_onto_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        write_volume(noisy(), tmp_path / "file" / "scan.nii.gz")
    (tmp_path / "scan.nii").mkdir()
    with pytest.raises(StorageError):
        write_volume(noisy(), tmp_path / "scan.nii")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "scan.nii"]


def test_a_failure_of_the_writer_itself_leaves_the_old_text(tmp_path: Path) -> None:
    write_text("old", tmp_path / "a.txt")
    with pytest.raises(UnicodeEncodeError):
        write_text("\ud800", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_is_refused_before_the_work_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    check_place(tmp_path / "new" / "deep")
    for place, needed in ((tmp_path / "file" / "out", 0), (tmp_path / "file", 0), (tmp_path / "new", 1 << 60)):
        with pytest.raises(StorageError) as caught:
            check_place(place, needed)
        assert caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
