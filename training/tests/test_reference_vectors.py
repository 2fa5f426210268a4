"""The known answers in fixtures/ are what the reference computes, on this machine too."""

from __future__ import annotations

from pathlib import Path

from dicm_reference.vectors import write_vectors

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_vectors_are_current(tmp_path: Path) -> None:
    write_vectors(tmp_path)
    written = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert len(written) == 16
    for path, content in written.items():
        assert (FIXTURES / path).read_bytes() == content, path
    for folder in ("entropy", "hyper-synthesis"):
        kept = {p.relative_to(FIXTURES) for p in (FIXTURES / folder).rglob("*") if p.is_file()}
        assert kept - {Path(folder) / "README.md"} == {p for p in written if p.parts[0] == folder}
