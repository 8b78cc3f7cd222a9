"""Layers of the sandbox image: which packages of a lock are installed together.

Docker caches a layer until its content changes. So big packages, which are rarely wanted in
another version, have layers of their own. Uses the standard library only.
"""

import re

SDISTS = ("autograd-gamma", "jieba", "langdetect", "odfpy")
"""Packages without a wheel on PyPI: pure Python, and built within seconds."""
BIG = (
    "astropy", "blis", "bokeh", "cython", "duckdb", "gensim", "h5py", "librosa", "lightgbm",
    "llvmlite", "lxml", "netcdf4", "numba", "opencv-python-headless", "ortools", "pikepdf",
    "pillow-heif", "plotly", "polars", "polars-runtime-32", "prophet", "pulp", "pyarrow",
    "pymupdf", "pyogrio", "pyproj", "scikit-image", "scikit-learn", "scipy", "spacy",
    "statsmodels", "sympy", "tables", "thinc", "xgboost-cpu",
)  # fmt: skip
"""Packages of the layer below all others."""
ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==.*\n(?:[ \t]+.*\n)*", re.MULTILINE)


def entries(lock: str) -> dict[str, str]:
    """Return the text of each package in a lock, by name."""
    return {found.group(1): found.group(0) for found in ENTRY.finditer(lock)}


def layers(core: str, full: str) -> dict[str, str]:
    """Return the locks of the layers above the core: all packages of `full` that `core` lacks."""
    rest = {name: text for name, text in entries(full).items() if name not in entries(core)}
    parts = {
        "big": [text for name, text in rest.items() if name in BIG],
        "small": [text for name, text in rest.items() if name not in (*BIG, *SDISTS)],
        "sdists": [text for name, text in rest.items() if name in SDISTS],
    }
    return {f"packages-{layer}.txt": "".join(texts) for layer, texts in parts.items()}
