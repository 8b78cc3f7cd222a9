"""Names in archives of other systems become the names that people see there."""

import io
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.common.errors import WrongStateError
from tests.support.agent import RunningAgent

pytestmark = pytest.mark.slow

COMPOSED = "café.csv"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


class RawInfo(zipfile.ZipInfo):
    """Member whose name is written as it is, without the flag for UTF-8."""

    raw: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's name
        return self.raw, self.flag_bits


def zipped(*names: bytes, extra: bytes = b"", data: bytes = b"1") -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number, name in enumerate(names):
            info = RawInfo(str(number))
            info.raw, info.create_system, info.extra = name, 0, extra
            archive.writestr(info, b"" if name.endswith((b"/", b"\\")) else data)
    return sink.getvalue()


async def unpack(agent: RunningAgent, data: bytes) -> pb.UnpackInputResponse:
    (agent.folder.inputs / "file-1").write_bytes(data)
    return await agent.connection.unpack_input(
        "file-1", "out", max_bytes=2**24, max_entries=1000, max_ratio=1000
    )


def names(agent: RunningAgent) -> list[str]:
    folder: Path = agent.data / "out"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("encoding", "paths"),
    [
        ("gbk", ["数据/销售.csv"]),
        ("gbk", ["新建文件夹/报告.docx", "新建文件夹/图表.png"]),
        ("cp932", ["データ/売上.csv"]),
        ("cp932", ["ソース/ファイル.txt", "ソース/表.txt"]),
        ("cp949", ["데이터/매출.csv"]),
        ("big5", ["資料/銷售.csv"]),
        ("cp1251", ["Данные/продажи.csv"]),
        ("cp866", ["Новая папка/Отчёт.docx"]),
        ("cp437", ["daten/Größe.csv"]),
        ("cp850", ["São Paulo.csv"]),
        ("utf-8", ["Größe.csv", "数据.csv"]),
    ],
)
async def test_names_in_the_code_page_of_a_country_are_decoded(
    agent: RunningAgent, encoding: str, paths: list[str]
) -> None:
    response = await unpack(agent, zipped(*(path.encode(encoding) for path in paths)))
    assert names(agent) == sorted(paths)
    assert not response.skipped


async def test_a_name_in_an_extra_field_counts_more(agent: RunningAgent) -> None:
    raw = "表.csv".encode("cp932")
    body = b"\1" + struct.pack("<I", zlib.crc32(raw)) + "表.csv".encode()
    await unpack(agent, zipped(raw, extra=struct.pack("<HH", 0x7075, len(body)) + body))
    assert names(agent) == ["表.csv"]


@pytest.mark.parametrize("encoding", ["latin-1", "gbk"])
async def test_names_of_a_tar_in_another_encoding_are_decoded(
    agent: RunningAgent, encoding: str
) -> None:
    path = "Größe der Städte.csv" if encoding == "latin-1" else "数据/销售.csv"
    sink = io.BytesIO()
    with tarfile.open(
        fileobj=sink, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding
    ) as archive:
        archive.addfile(tarfile.TarInfo(path))
    await unpack(agent, sink.getvalue())
    assert names(agent) == [path]


async def test_backslashes_in_a_zip_separate_folders(agent: RunningAgent) -> None:
    await unpack(agent, zipped(b"data\\", b"data\\in\\a.csv", "data\\größe.csv".encode("cp850")))
    assert names(agent) == ["data/größe.csv", "data/in/a.csv"]


@pytest.mark.parametrize("name", [b"..\\up", b"C:\\up", b"\\up", b"\\\\host\\up", b"a\\..\\..\\up"])
async def test_a_backslash_leads_nowhere_else(agent: RunningAgent, name: bytes) -> None:
    with pytest.raises(WrongStateError, match="which"):
        await unpack(agent, zipped(b"good", name))
    assert list(agent.data.iterdir()) == []


async def test_metadata_of_macos_is_left_out_and_named_once(agent: RunningAgent) -> None:
    metadata = b"\x00\x05\x16\x07\x00\x02"
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a/x.csv", "1")
        archive.writestr("a/._notes", "my own")
        for name in ("a/.DS_Store", ".DS_Store", "__MACOSX/", "__MACOSX/a/._x.csv", "a/._x.csv"):
            archive.writestr(name, metadata)
    response = await unpack(agent, sink.getvalue())
    assert names(agent) == ["a/._notes", "a/x.csv"]
    assert [(item.path, item.reason) for item in response.skipped] == [
        (name, "has only metadata of macOS") for name in (".DS_Store", "__MACOSX", "._*")
    ]


async def test_decomposed_names_are_composed(agent: RunningAgent) -> None:
    await unpack(agent, zipped(f"{DECOMPOSED}/{DECOMPOSED}".encode()))
    assert names(agent) == [f"{COMPOSED}/{COMPOSED}"]


@pytest.mark.parametrize("order", [1, -1])
async def test_files_that_differ_in_normalization_or_case_are_all_kept(
    agent: RunningAgent, order: int
) -> None:
    paths = [COMPOSED, DECOMPOSED, "A.txt", "a.txt"][::order]
    await unpack(agent, zipped(*(path.encode() for path in paths)))
    assert names(agent) == sorted(paths)


async def test_other_spaces_and_long_names(agent: RunningAgent) -> None:
    response = await unpack(agent, zipped("9.41\u202fAM.png".encode(), ("表" * 86).encode()))
    assert names(agent) == ["9.41\u202fAM.png"]
    assert [item.reason for item in response.skipped] == ["has a name of more than 255 bytes"]
