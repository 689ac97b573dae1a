"""What is read, what is refused, and how it is said."""

import os
from pathlib import Path

import pytest

from archc import files
from archc.diagnostics.model import Diagnostic, Rejected
from archc.files import Loader
from archc.files.reading import load_bytes
from archc.limits import DEFAULT_LIMITS
from archc.source import Source, Span


def refused(loader: Loader, path: str, user: Source | None = None) -> Diagnostic:
    with pytest.raises(Rejected) as caught:
        _ = loader.load(path) if user is None else loader.use(path, user, Span(user, 0, 3))
    return caught.value.diagnostic


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    folder = tmp_path / "specs"
    (folder / "blocks").mkdir(parents=True)
    (folder / "a.arch").write_text("use 'x'\r\nend\n", newline="")
    (folder / "blocks" / "b.arch").write_text("b")
    (tmp_path / "out.arch").write_text("secret")
    return folder


def test_a_spec_is_named_relative_to_its_folder(specs: Path) -> None:
    loader = Loader(str(specs))
    source = loader.load(str(specs / "a.arch"))
    assert (source.name, source.text) == ("a.arch", "use 'x'\nend\n")
    assert loader.load(str(specs / "a.arch")) is source
    assert loader.locate(source) == str(specs / "a.arch")
    assert loader.locate(Source("<set>", "")) == "<set>"


def test_a_file_whose_size_the_system_does_not_know(tmp_path: Path) -> None:
    path = Path("/proc/self/status")
    if not path.is_file() or path.stat().st_size:
        pytest.skip("there is none here")
    assert load_bytes(str(path), 1 << 20, "source_bytes").endswith(b"\n")
    with pytest.raises(Rejected):
        load_bytes(str(path), 64, "source_bytes")


def test_the_working_folder(specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(specs)
    loader = Loader()
    source = loader.load("a.arch")
    assert loader.locate(source) == "a.arch"
    assert loader.locate(loader.use("blocks/b.arch", source, None)) == "blocks/b.arch"


def test_a_byte_order_mark_is_dropped(specs: Path) -> None:
    (specs / "bom.arch").write_bytes(b"\xef\xbb\xbfarch")
    assert Loader(str(specs)).load(str(specs / "bom.arch")).text == "arch"


def test_an_empty_file_is_a_text(specs: Path) -> None:
    (specs / "empty.arch").write_bytes(b"")
    assert Loader(str(specs)).load(str(specs / "empty.arch")).text == ""


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"ab\n\xffc", "file_not_utf8", "byte 0xff at offset 3, in line 2"),
        (b"\xef\xbb\xbf\n\n\xc3", "file_not_utf8", "byte 0xc3 at offset 5, in line 3"),
        (b"\xff\xfea\0", "file_not_utf8", "UTF-16"),
        (b"a\n\0", "file_binary", "NUL byte at offset 2, in line 2"),
        (b"x" * 65, "limit", "larger than 64 bytes, the limit `source_bytes`"),
    ],
)
def test_contents_that_are_refused(specs: Path, content: bytes, code: str, message: str) -> None:
    (specs / "bad.arch").write_bytes(content)
    loader = Loader(str(specs), limits=DEFAULT_LIMITS._replace(source_bytes=64))
    diagnostic = refused(loader, str(specs / "bad.arch"))
    assert diagnostic.code == code
    assert message in diagnostic.message


def test_things_that_are_no_files(specs: Path) -> None:
    loader = Loader(str(specs))
    missing = refused(loader, str(specs / "aa.arch"))
    assert (missing.code, missing.help) == ("file_missing", "did you mean `a.arch`?")
    assert refused(loader, str(specs / "a.arch" / "b.arch")).code == "file_missing"
    assert refused(loader, "nul\0.arch").code == "file_missing"
    assert refused(loader, "").code == "file_missing"
    folder = refused(loader, str(specs))
    assert folder.code == "file_not_regular"
    assert "is a folder" in folder.message
    os.mkfifo(specs / "pipe.arch")
    assert refused(loader, str(specs / "pipe.arch")).code == "file_not_regular"
    (specs / "loop.arch").symlink_to("loop.arch")
    assert refused(loader, str(specs / "loop.arch")).code == "file_unreadable"


def test_a_file_that_may_not_be_read(specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.reading, "open", deny, raising=False)
    diagnostic = refused(Loader(str(specs)), str(specs / "a.arch"))
    assert diagnostic.code == "file_unreadable"
    assert diagnostic.message.endswith("cannot be read: permission denied")


def test_use_is_relative_to_the_file_that_uses(specs: Path) -> None:
    loader = Loader(str(specs))
    a = loader.load(str(specs / "a.arch"))
    b = loader.use("blocks/b.arch", a, None)
    assert b.name == "blocks/b.arch"
    assert loader.use("./blocks/../blocks/b.arch", a, None) is b
    assert loader.use("../a.arch", b, None) is a
    assert loader.use("blocks/b.arch", Source("<text>", ""), None) is b


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "/etc/passwd.arch",
        "~/x.arch",
        "c:/x.arch",
        "c:x.arch",
        "blocks\\b.arch",
        "",
        "a.arch\0",
        "a\n.arch",
        "nul.arch",
        "blocks/COM1.arch",
        "aux /b.arch",
        "Lpt².x.arch",
        "blocks//b.arch",
        "blocks./b.arch",
        "what?.arch",
        "blocks/",
        "std:ds.arch",
    ],
)
def test_paths_that_are_not_portable(specs: Path, path: str) -> None:
    loader = Loader(str(specs))
    diagnostic = refused(loader, path, loader.load(str(specs / "a.arch")))
    assert diagnostic.code == "use_path"
    assert diagnostic.span is not None


def test_use_does_not_leave_the_folder(specs: Path, tmp_path: Path) -> None:
    loader = Loader(str(specs))
    a = loader.load(str(specs / "a.arch"))
    (specs / "link.arch").symlink_to(tmp_path / "out.arch")
    (specs / "up").symlink_to(tmp_path)
    (tmp_path / "specs2").mkdir()
    (tmp_path / "specs2" / "x.arch").write_text("")
    for path in (
        "../out.arch",
        "link.arch",
        "up/out.arch",
        "../specs2/x.arch",
        "../no.arch",
        "../../etc/passwd",
    ):
        diagnostic = refused(loader, path, a)
        assert diagnostic.code == "use_outside", path
        assert str(tmp_path) not in diagnostic.message
    b = loader.use("blocks/b.arch", a, None)
    assert refused(loader, "../../out.arch", b).code == "use_outside"


def test_a_link_within_the_folder_is_followed(specs: Path) -> None:
    (specs / "alias.arch").symlink_to("blocks/b.arch")
    loader = Loader(str(specs))
    a = loader.load(str(specs / "a.arch"))
    assert loader.use("alias.arch", a, None).name == "blocks/b.arch"


def test_a_folder_of_specs_that_is_a_link(specs: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(specs)
    loader = Loader(str(tmp_path / "alias"))
    a = loader.load(str(tmp_path / "alias" / "a.arch"))
    assert a.name == "a.arch"
    assert loader.use("blocks/b.arch", a, None).name == "blocks/b.arch"


def test_a_spec_that_is_a_link_uses_what_is_beside_the_link(specs: Path, tmp_path: Path) -> None:
    (specs / "l.arch").symlink_to(tmp_path / "out.arch")
    loader = Loader(str(specs))
    source = loader.load(str(specs / "l.arch"))
    assert (source.name, source.text) == ("l.arch", "secret")
    assert loader.use("blocks/b.arch", source, None).text == "b"


def test_include_folders(specs: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    (library / "deep").mkdir(parents=True)
    (library / "deep" / "c.arch").write_text("c")
    (library / "a.arch").write_text("not this one")
    loader = Loader(str(specs), [str(library)])
    a = loader.load(str(specs / "a.arch"))
    c = loader.use("deep/c.arch", a, None)
    assert (c.name, loader.locate(c)) == ("include:deep/c.arch", str(library / "deep" / "c.arch"))
    assert loader.use("../library/deep/c.arch", a, None) is c
    assert loader.use("a.arch", a, None) is a
    assert loader.use("../a.arch", c, None).name == "include:a.arch"
    assert refused(loader, "../out.arch", a).code == "use_outside"
    with pytest.raises(Rejected, match="no folder"):
        Loader(str(specs), [str(tmp_path / "none")])


def test_a_missing_use_proposes_a_neighbour(specs: Path) -> None:
    loader = Loader(str(specs))
    a = loader.load(str(specs / "a.arch"))
    assert refused(loader, "blocks/bb.arch", a).help == "did you mean `b.arch`?"
    assert "-I FOLDER" in (refused(loader, "nothing/like/it.arch", a).help or "")
    (specs / "blocks" / "d.arch").mkdir()
    assert refused(loader, "blocks/d.arch", a).code == "file_not_regular"


def test_target_files(specs: Path, tmp_path: Path) -> None:
    (specs / "t.toml").write_text("x = 1")
    (tmp_path / "u.toml").write_text("x = 1")
    loader = Loader(str(specs))
    assert loader.target(str(specs / "t.toml")).name == "t.toml"
    assert loader.target(str(tmp_path / "u.toml")).name == "target:u.toml"
    with pytest.raises(Rejected):
        loader.target(str(tmp_path / "none.toml"))


def test_the_standard_library() -> None:
    sources = files.std_sources()
    assert list(sources) == sorted(sources)
    assert all(source.name == f"std:{name}.arch" for name, source in sources.items())
    loader = Loader()
    assert loader.library() is loader.library()
