"""Descriptions of images as plain values."""

from dataclasses import dataclass
from datetime import timedelta

from cellblock.v1 import session_pb2 as pb
from cellblock_client.calls import Call
from cellblock_client.types import Limits


@dataclass(frozen=True)
class InstalledPackage:
    """Package of an image."""

    name: str
    version: str


@dataclass(frozen=True)
class ImageDescription:
    """Content of an image, and the limits of sessions that ask for nothing else."""

    image: str
    python_version: str
    system: str
    """Name of the operating system."""
    python_packages: tuple[InstalledPackage, ...]
    system_packages: tuple[InstalledPackage, ...]
    programs: tuple[str, ...]
    """Well-known programs on the PATH."""
    fonts: tuple[str, ...]
    """Families of fonts."""
    locales: tuple[str, ...]
    limits: Limits
    time_limit: timedelta
    """Time limit of an execution that asks for none."""
    max_time_limit: timedelta
    """Longest time limit that an execution may ask for."""
    max_text_bytes: int
    """Text that an execution may write."""
    max_file_bytes: int
    """Largest file that code can write."""
    idle_timeout: timedelta
    network: str
    """`none` or `proxy`."""
    allowed_hosts: tuple[str, ...]
    """Hosts that code can reach with `proxy`."""
    data_directory: str
    """Directory that keeps files between executions."""
    short_text: str
    """Text for a model's prompt, at most 1,200 characters."""
    long_text: str
    """Text for a model's prompt, with all packages and versions."""


def describe_image(image: str, network: str) -> Call[ImageDescription]:
    """Describe an image."""
    request = pb.DescribeImageRequest(image=image, network=network)
    return Call("session", "DescribeImage", request, lambda r: _description(r.description))


def _description(message: pb.ImageDescription) -> ImageDescription:
    limits = message.limits
    return ImageDescription(
        image=message.image,
        python_version=message.python_version,
        system=message.system,
        python_packages=tuple(map(_package, message.python_packages)),
        system_packages=tuple(map(_package, message.system_packages)),
        programs=tuple(message.programs),
        fonts=tuple(message.fonts),
        locales=tuple(message.locales),
        limits=Limits(
            memory_bytes=limits.memory_bytes,
            cpus=limits.cpus,
            pids=limits.pids,
            data_bytes=limits.data_bytes,
            tmp_bytes=limits.tmp_bytes,
        ),
        time_limit=message.time_limit.ToTimedelta(),
        max_time_limit=message.max_time_limit.ToTimedelta(),
        max_text_bytes=message.max_text_bytes,
        max_file_bytes=message.max_file_bytes,
        idle_timeout=message.idle_timeout.ToTimedelta(),
        network=message.network,
        allowed_hosts=tuple(message.allowed_hosts),
        data_directory=message.data_directory,
        short_text=message.short_text,
        long_text=message.long_text,
    )


def _package(message: pb.InstalledPackage) -> InstalledPackage:
    return InstalledPackage(message.name, message.version)
