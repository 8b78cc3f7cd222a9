"""Data sets and models that libraries download: taken from the image, or refused in one line.

A sandbox has no network, unless its session has an egress policy, which sets a proxy. Without one,
libraries wait, retry and raise long tracebacks, which do not say what to do. Nothing is imported
here before code imports such a library.
"""

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

FOLDER = "/opt/cellblock/data"
"""Data that no library would find by itself."""
NLTK_REPLACED = {
    "punkt": "punkt_tab",
    "averaged_perceptron_tagger": "averaged_perceptron_tagger_eng",
}
"""Data that NLTK no longer reads, with what it reads instead."""


def extend(module: ModuleType) -> None:
    """Extend a module of `EXTENSIONS` that was just loaded."""
    EXTENSIONS[module.__name__](module)


def offline() -> bool:
    """Return whether code has no way to a network: a session's egress policy sets a proxy."""
    return not any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY"))


def reason(what: str, known: Sequence[str] = ()) -> str:
    """Return the one line that says what is missing, why, and what there is instead."""
    line = f"{what} is not in this image, and a sandbox has no network to download it"
    return f"{line}. In the image: {', '.join(known)}." if known else f"{line}."


def files(*folders: str) -> list[str]:
    """Return the names of the data in these folders, without endings, sorted."""
    found = set[str]()
    for folder in folders:
        if os.path.isdir(folder):
            found.update(name.partition(".")[0] for name in os.listdir(folder))
    return sorted(found)


def replace(module: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a function of a module or class by what `make` returns for it."""
    if function := getattr(module, name, None):
        setattr(module, name, wraps(function)(make(function)))


def extend_nltk_downloader(module: Any) -> None:
    """Let `nltk.download` say whether the data is there."""
    root = "/usr/share/nltk_data"

    def make(function: Any) -> Any:
        def download(info_or_id: Any = None, *rest: Any, **named: Any) -> Any:
            if not offline():
                return function(info_or_id, *rest, **named)
            wanted = [info_or_id] if isinstance(info_or_id, str) else list(info_or_id or ())
            known = files(*(f"{root}/{kind}" for kind in os.listdir(root)))
            missing = [str(name) for name in wanted if NLTK_REPLACED.get(name, name) not in known]
            if missing or not wanted:
                print(reason(f"NLTK's {', '.join(missing) or 'data'}", known), file=sys.stderr)
                return False
            return True

        return download

    replace(module, "download", make)


def extend_nltk_data(module: Any) -> None:
    """Shorten the banner that `nltk.data.find` raises."""

    def make(function: Any) -> Any:
        def find(resource_name: str, *rest: Any, **named: Any) -> Any:
            try:
                return function(resource_name, *rest, **named)
            except LookupError as error:
                if not offline() or "*" * 70 not in str(error):
                    raise
                name = resource_name.removesuffix("/").split("/")
                what = (name[1] if len(name) > 1 else name[0]).removesuffix(".zip")
                # NLTK reads this attribute of an error of the same function.
                short = LookupError(reason(f"NLTK's {what}"))
                for kept in ("_nltk_found_but_unreadable", "_nltk_refused_writable"):
                    if hasattr(error, kept):
                        setattr(short, kept, getattr(error, kept))
                raise short from None

        return find

    replace(module, "find", make)


def extend_textblob(module: Any) -> None:
    """Shorten what TextBlob says about data of NLTK that is missing."""
    if offline():
        line = reason("NLTK's data for this feature of TextBlob")
        module.MissingCorpusError.__init__.__defaults__ = (line,)


def extend_seaborn(module: Any) -> None:
    """Let `seaborn.load_dataset` read the data sets of the image."""
    folder = f"{FOLDER}/seaborn"

    def make(function: Any) -> Any:
        def load_dataset(
            name: Any,
            cache: bool = True,
            data_home: Any = None,
            **named: Any,
        ) -> Any:
            known = files(folder)
            if name in known and data_home is None:
                return function(name, data_home=folder, **named)
            home = module.get_data_home(data_home)
            if isinstance(name, str) and offline() and f"{name}.csv" not in os.listdir(home):
                raise OSError(reason(f"seaborn's data set {name!r}", known))
            return function(name, cache=cache, data_home=data_home, **named)

        return load_dataset

    replace(module, "load_dataset", make)
    replace(
        module,
        "get_dataset_names",
        lambda function: lambda: files(folder) if offline() else function(),
    )


def extend_spacy_util(module: Any) -> None:
    """Let `spacy.load` say why there is no such model."""

    def make(function: Any) -> Any:
        def load_model(name: Any, **named: Any) -> Any:
            try:
                return function(name, **named)
            except OSError as error:
                if not offline() or not str(error).startswith(("[E050]", "[E941]")):
                    raise
                models = sorted(module.get_installed_models())
                raise OSError(reason(f"spaCy's model {name!r}", models)) from None

        return load_model

    replace(module, "load_model", make)


def extend_spacy_download(module: Any) -> None:
    """Let spaCy's downloads say whether the model is there."""

    def make(function: Any) -> Any:
        def download(model: str, *rest: Any, **named: Any) -> Any:
            if not offline():
                return function(model, *rest, **named)
            from spacy.util import get_installed_models, is_package

            if is_package(model):
                print(f"{model} is in this image.")
                return None
            line = reason(f"spaCy's model {model!r}", sorted(get_installed_models()))
            if os.path.basename(os.path.dirname(sys.argv[0])) == "spacy":
                sys.exit(line)
            raise OSError(line)

        return download

    replace(module, "download", make)


def extend_tiktoken(module: Any) -> None:
    """Let tiktoken read the encodings of the image."""

    def make(function: Any) -> Any:
        def read_file_cached(blobpath: str, expected_hash: str | None = None) -> Any:
            from hashlib import sha1

            name = sha1(blobpath.encode(), usedforsecurity=False).hexdigest()
            try:
                with open(f"{FOLDER}/tiktoken/{name}", "rb") as file:
                    return file.read()
            except FileNotFoundError:
                cache = os.environ.get("TIKTOKEN_CACHE_DIR")
                if not offline() or (cache and os.path.exists(os.path.join(cache, name))):
                    return function(blobpath, expected_hash)
            what = f"tiktoken's {os.path.basename(blobpath)}"
            raise OSError(reason(what, ("cl100k_base", "o200k_base")))

        return read_file_cached

    replace(module, "read_file_cached", make)


def extend_gensim(module: Any) -> None:
    """Refuse downloads of gensim."""
    refuse(module, "load", "gensim's {!r}")
    refuse(module, "info", "gensim's list of data")


def extend_sklearn(module: Any) -> None:
    """Refuse downloads of scikit-learn."""
    refuse(module, "_fetch_remote", "scikit-learn's {0.filename}")


def extend_pooch(module: Any) -> None:
    """Refuse downloads of libraries that use pooch: SciPy, scikit-image, librosa, xarray."""
    for name in ("HTTPDownloader", "FTPDownloader", "DOIDownloader"):
        if downloader := getattr(module, name, None):
            refuse(downloader, "__call__", "{1}")


def refuse(owner: Any, name: str, what: str) -> None:
    """Make a function that downloads fail without a network, naming its arguments in `what`."""

    def make(function: Any) -> Any:
        def download(*rest: Any, **named: Any) -> Any:
            if offline():
                raise OSError(reason(what.format(*rest, *named.values(), "data", "data")))
            return function(*rest, **named)

        return download

    replace(owner, name, make)


EXTENSIONS: dict[str, Callable[[Any], None]] = {
    "gensim.downloader": extend_gensim,
    "nltk.data": extend_nltk_data,
    "nltk.downloader": extend_nltk_downloader,
    "pooch.downloaders": extend_pooch,
    "seaborn.utils": extend_seaborn,
    "sklearn.datasets._base": extend_sklearn,
    "spacy.cli.download": extend_spacy_download,
    "spacy.util": extend_spacy_util,
    "textblob.exceptions": extend_textblob,
    "tiktoken.load": extend_tiktoken,
}
"""Modules that are extended once they are loaded."""


class Finder:
    """Import hook that extends the modules of `EXTENSIONS`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec, as the import system asks for each module."""
        if name not in EXTENSIONS:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_extend(module: ModuleType) -> None:
                load(module)
                extend(module)

            spec.loader.exec_module = load_and_extend  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Finder())
