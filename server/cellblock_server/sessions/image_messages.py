"""Messages of the API for descriptions of images."""

from collections.abc import Iterable, Iterator

from cellblock.agent.v1.agent_pb2 import Package
from cellblock.v1 import session_pb2 as pb
from cellblock_server.sessions.image_text import DATA_DIRECTORY, long_text, short_text
from cellblock_server.sessions.images import DescribedImage


def description_message(described: DescribedImage) -> pb.ImageDescription:
    """Return the description as a message."""
    content, facts = described.content, described.facts
    limits = facts.limits
    message = pb.ImageDescription(
        image=described.image,
        python_version=content.python_version,
        system=content.system,
        python_packages=_packages(content.python_packages),
        system_packages=_packages(content.system_packages),
        programs=content.programs,
        fonts=content.fonts,
        locales=content.locales,
        limits=pb.ResourceLimits(
            memory_bytes=limits.memory_bytes,
            cpus=limits.cpus,
            pids=limits.pids,
            data_bytes=limits.data_bytes,
            tmp_bytes=limits.tmp_bytes,
        ),
        max_text_bytes=facts.max_text_bytes,
        max_file_bytes=limits.file_bytes,
        network=facts.network,
        allowed_hosts=facts.allowed_hosts,
        data_directory=DATA_DIRECTORY,
        short_text=short_text(content, facts),
        long_text=long_text(content, facts),
    )
    message.time_limit.FromTimedelta(facts.time_limit)
    message.max_time_limit.FromTimedelta(facts.max_time_limit)
    message.idle_timeout.FromTimedelta(facts.idle_timeout)
    return message


def _packages(found: Iterable[Package]) -> Iterator[pb.InstalledPackage]:
    return (pb.InstalledPackage(name=item.name, version=item.version) for item in found)
