"""Write docs/reference/api.md from the protos of the public API and their comments.

python scripts/generate_api_docs.py
"""

import importlib.resources
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import descriptor_pb2 as pb
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
TARGET = ROOT / "docs" / "reference" / "api.md"
PACKAGE = "cellblock/v1"
FILES = ("session", "execution", "file", "run_step", "admin")
"""Proto files, in the order of the page. Each has one service."""
HEAD = """\
# gRPC API

<!-- Made by `make docs` from proto/cellblock/v1. -->

Package `cellblock.v1`, defined in [proto/cellblock/v1](../../proto/cellblock/v1), for clients in
any language. See also the [Python client](client.md), the [error reasons](errors.md), and
[which calls are safe to repeat](../guides/errors-and-retries.md#retries).

- Where keys are required, each call carries one as metadata: `authorization: Bearer cb_…`
  ([keys and TLS](../operate/access.md)).
- Lists come in pages: pass `next_page_token` of one as `page_token` of the next, until it is empty.
- A field that isn't set has its type's zero value. For a field marked *optional*, a message says
  whether it is set; of the fields marked *one of*, it has exactly one.
- Ignore fields and enum values that you don't know:
  [later releases add some](../project/compatibility.md).
- The server also has `grpc.health.v1.Health` and, for callers with a key, reflection.

"""
KINDS = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in pb.FieldDescriptorProto.Type.items()
}
Place = tuple[int, ...]
"""Path of an element in a file, as in protoc's source information."""
MESSAGES = pb.FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
ENUMS = pb.FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER
SERVICES = pb.FileDescriptorProto.SERVICE_FIELD_NUMBER
METHODS = pb.ServiceDescriptorProto.METHOD_FIELD_NUMBER
FIELDS = pb.DescriptorProto.FIELD_FIELD_NUMBER
VALUES = pb.EnumDescriptorProto.VALUE_FIELD_NUMBER


@dataclass
class Source:
    """One proto file with its comments."""

    file: pb.FileDescriptorProto
    comments: dict[Place, str]

    def comment(self, *path: int) -> str:
        """Return the comment at a path. Raises ValueError if there is none."""
        found = self.comments.get(path, "")
        if not found:
            raise ValueError(f"{self.file.name}: no comment at {path}")
        return found


def reference() -> str:
    """Return the whole document."""
    sources = [_source(file) for file in _compiled()]
    _check_headings(sources)
    parts = [HEAD, "| service | calls |\n| --- | --- |\n"]
    parts += [f"{_overview(source)}\n" for source in sources]
    for source in sources:
        parts += _service(source)
    return "".join(parts)


def _compiled() -> list[pb.FileDescriptorProto]:
    """Compile the files with their comments, which generated code does not have."""
    names = [f"{PACKAGE}/{name}.proto" for name in FILES]
    includes = importlib.resources.files("grpc_tools") / "_proto"
    with tempfile.NamedTemporaryFile() as output:
        arguments = [
            "protoc",
            f"--proto_path={PROTO}",
            f"--proto_path={includes}",
            "--include_source_info",
            f"--descriptor_set_out={output.name}",
            *names,
        ]
        if protoc.main(arguments) != 0:
            raise RuntimeError(f"protoc failed on {PROTO}")
        found = pb.FileDescriptorSet.FromString(output.read())
    files = {file.name: file for file in found.file}
    return [files[name] for name in names]


def _source(file: pb.FileDescriptorProto) -> Source:
    lines = {
        tuple(place.path): "\n".join(
            line.removeprefix(" ") for line in place.leading_comments.rstrip().split("\n")
        )
        for place in file.source_code_info.location
    }
    return Source(file, lines)


def _check_headings(sources: list[Source]) -> None:
    """Raise ValueError if two headings are alike, because links use their names."""
    seen: set[str] = set()
    for source in sources:
        file = source.file
        (service,) = file.service
        names = [message.name for message in file.message_type]
        names += [enum.name for enum in file.enum_type]
        names += [method.name for method in service.method]
        for name in (service.name, *names):
            if name.lower() in seen:
                raise ValueError(f"two things are called {name}")
            seen.add(name.lower())


def _overview(source: Source) -> str:
    (service,) = source.file.service
    return f"| {_link(service.name)} | {', '.join(_link(one.name) for one in service.method)} |"


def _service(source: Source) -> Iterator[str]:
    (service,) = source.file.service
    yield f"\n## {service.name}\n\n{source.comment(SERVICES, 0)}\n"
    for number, method in enumerate(service.method):
        takes = f"{'stream ' if method.client_streaming else ''}{_link_to(method.input_type)}"
        gives = f"{'stream ' if method.server_streaming else ''}{_link_to(method.output_type)}"
        yield f"\n### {method.name}\n\n{takes} → {gives}\n"
        yield f"\n{source.comment(SERVICES, 0, METHODS, number)}\n"
    for number, message in enumerate(source.file.message_type):
        yield f"\n### {message.name}\n\n{source.comment(MESSAGES, number)}\n"
        if message.field:
            yield "\n| field | type | |\n| --- | --- | --- |\n"
        for place, field in enumerate(message.field):
            words = source.comment(MESSAGES, number, FIELDS, place)
            yield f"| `{field.name}` | {_type(message, field)} | {_cell(words)} |\n"
    for number, enum in enumerate(source.file.enum_type):
        yield f"\n### {enum.name}\n\n{source.comment(ENUMS, number)}\n"
        yield "\n| value | number | |\n| --- | --- | --- |\n"
        for place, value in enumerate(enum.value):
            words = source.comment(ENUMS, number, VALUES, place)
            yield f"| `{value.name}` | {value.number} | {_cell(words)} |\n"


def _type(message: pb.DescriptorProto, field: pb.FieldDescriptorProto) -> str:
    if entry := _map_entry(message, field):
        key, value = entry.field
        return f"map of {_plain_type(key)} to {_plain_type(value)}"
    name = _plain_type(field)
    if field.label == pb.FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {name}"
    if field.proto3_optional:
        return f"optional {name}"
    if field.HasField("oneof_index"):
        return f"one of `{message.oneof_decl[field.oneof_index].name}`: {name}"
    return name


def _plain_type(field: pb.FieldDescriptorProto) -> str:
    return _link_to(field.type_name) if field.type_name else KINDS[field.type]


def _map_entry(
    message: pb.DescriptorProto, field: pb.FieldDescriptorProto
) -> pb.DescriptorProto | None:
    """Return the entry message of a map, which protoc nests in the message that has the map."""
    name = field.type_name.rpartition(".")[2]
    return next(
        (one for one in message.nested_type if one.name == name and one.options.map_entry), None
    )


def _link_to(full_name: str) -> str:
    package, _, name = full_name.rpartition(".")
    if package == f".{PACKAGE.replace('/', '.')}":
        return _link(name)
    return f"`{full_name.removeprefix('.')}`"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(reference())
