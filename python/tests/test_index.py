"""Indexes: the same answers as the command line's, on the fixture that it made."""

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import dicm
from dicm.index import open_index

FIXTURES = Path(__file__).parents[2] / "fixtures/search"
MADE = FIXTURES / "made.dicmdex"

pytestmark = pytest.mark.skipif(not MADE.exists(), reason="the fixtures of the repository are not there")


def _answers():
    return json.loads((FIXTURES / "answers.json").read_text())


def _path(listed):
    return listed if isinstance(listed, str) else bytes.fromhex(listed["hex"]).decode("utf-8", "surrogateescape")


def test_what_it_was_made_with():
    about = _answers()["about"]
    with open_index(MADE) as index:
        info = index.about
        assert (info.model, info.decode_id, info.render_id) == (about["model"], about["decodeId"], about["renderId"])
        assert (info.space, info.dimensions) == (about["space"], about["dimensions"])
        assert (info.min_class_score, info.min_object_score) == (about["minClassScore"], about["minObjectScore"])


def test_files_are_those_that_the_command_line_reads():
    expected = _answers()["files"]
    with open_index(MADE) as index:
        files = list(index)
        assert len(index) == len(files) == len(expected)
    for file, wanted in zip(files, expected, strict=True):
        assert (file.path, file.bytes, file.width, file.height) == (
            _path(wanted["path"]),
            wanted["bytes"],
            wanted["width"],
            wanted["height"],
        )
        assert [vars_of(one) for one in file.classes] == [
            (one["index"], one["wnid"], one["label"], one["score"]) for one in wanted["classes"]
        ]
        assert [(one.label, one.category_id, one.score, one.box) for one in file.objects] == [
            (one["label"], one["categoryId"], one["score"], tuple(one["box"][k] for k in ("x", "y", "width", "height")))
            for one in wanted["objects"]
        ]


def vars_of(one):
    return (one.index, one.wnid, one.label, one.score)


def test_the_nearest_are_the_same_in_the_same_order():
    with open_index(MADE) as index:
        for case in _answers()["likes"]:
            hits = index.search(np.array(case["like"], np.int8), top=10)
            assert [hit.path for hit in hits] == [_path(hit["path"]) for hit in case["hits"]]
            np.testing.assert_allclose([hit.distance for hit in hits], [h["distance"] for h in case["hits"]], atol=1e-6)


def test_a_file_of_the_index_finds_others():
    with open_index(MADE) as index:
        number = index.find("coded/29.dicm")
        assert number is not None
        files, vectors = index.vectors()
        assert vectors.dtype == np.int8
        own = vectors[np.flatnonzero(files == number)[0]]
        others = index.search("coded/29.dicm", top=5)
        assert [hit.path for hit in index.search(own, top=6)] == ["coded/29.dicm", *(hit.path for hit in others)]
        odd = os_path = next(file.path for file in index if "coded" not in file.path)
        assert index.file(index.find(os_path)).path == odd
        assert index.find("coded/13.dicm") is None


@pytest.mark.parametrize(
    ("like", "options", "code"),
    [
        ("nowhere.dicm", {}, "no-match"),
        (np.zeros(41), {}, "index-projection"),
        (np.zeros(40), {"space": "0000-00000000"}, "index-projection"),
        (np.zeros(40), {"top": 0}, "bad-top"),
    ],
)
def test_what_cannot_be_searched_for(like, options, code):
    with open_index(MADE) as index, pytest.raises(dicm.DicmError) as caught:
        index.search(like, **options)
    assert caught.value.code == code


def _changed(tmp_path, sql):
    copy = tmp_path / "copy.dicmdex"
    shutil.copyfile(MADE, copy)
    with sqlite3.connect(copy) as connection:
        connection.executescript(sql)
    connection.close()
    return copy


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("PRAGMA user_version = 2", "newer-index"),
        ("PRAGMA application_id = 1", "not-an-index"),
        ("DELETE FROM meta WHERE key = 'dimensions'", "index-damaged"),
        ("UPDATE meta SET value = 'many' WHERE key = 'dimensions'", "index-damaged"),
    ],
)
def test_other_indexes_are_refused_by_name(tmp_path, sql, code):
    with pytest.raises(dicm.DicmError) as caught:
        open_index(_changed(tmp_path, sql))
    assert caught.value.code == code


def test_what_is_no_index(tmp_path):
    with pytest.raises(dicm.FormatError, match="no such file"):
        open_index(tmp_path / "none.dicmdex")
    text = tmp_path / "text.dicmdex"
    text.write_text("no database " * 500)
    with pytest.raises(dicm.FormatError) as caught:
        open_index(text)
    assert caught.value.code == "not-an-index"


def test_a_connection_reads_only():
    with open_index(MADE) as index:
        (dogs,) = index.connection.execute(
            "SELECT count(*) FROM objects JOIN categories USING (category) WHERE name = 'dog'"
        ).fetchone()
        assert dogs == sum(one.label == "dog" for file in index for one in file.objects)
        with pytest.raises(sqlite3.OperationalError):
            index.connection.execute("DELETE FROM files")


def test_what_a_killed_writer_did_not_end_is_taken_back(tmp_path):
    whole, crashed = tmp_path / "whole.dicmdex", tmp_path / "crashed.dicmdex"
    shutil.copyfile(MADE, whole)
    writer = sqlite3.connect(whole, isolation_level=None)
    # Pages that do not fit a cache of one are written before the transaction ends; its journal is then in use.
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("BEGIN")
    writer.execute("UPDATE files SET bytes = bytes + 1")
    writer.execute("UPDATE vectors SET data = zeroblob(length(data))")
    for suffix in ("", "-journal"):
        shutil.copyfile(f"{whole}{suffix}", f"{crashed}{suffix}")
    writer.execute("ROLLBACK")
    writer.close()
    assert crashed.read_bytes() != whole.read_bytes()
    with open_index(crashed) as mended, open_index(whole) as index:
        assert list(mended) == list(index)
    assert crashed.read_bytes() == whole.read_bytes()
