"""The documentation site builds: links and anchors are valid, and all files are local."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.samples import ROOT

FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)\"|<link\b[^>]*\bhref=\"([^\"]+)\""
)


def build(configuration: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", f"--config-file={configuration}",
         f"--site-dir={target}"],
        check=False, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip


def html_name(page: Path) -> str:
    return "index" if page.name == "README.md" else page.stem


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", target)
    assert done.returncode == 0, done.stderr
    return target


def test_the_site_has_all_pages(site: Path) -> None:
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        assert (site / page.relative_to(docs).with_name(f"{html_name(page)}.html")).exists()
    assert "self-hosted" in (site / "index.html").read_text()
    assert "threat" in (site / "security.html").read_text()


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        fetched = [src or href for src, href in FETCHED.findall(page.read_text())]
        assert fetched
        assert [url for url in fetched if re.match(r"(https?:)?//", url)] == []
    assert [css for css in site.rglob("*.css") if "url(http" in css.read_text()] == []


def test_links_between_the_root_and_docs_are_mapped(site: Path) -> None:
    assert 'href="../security.html"' in (site / "security/seccomp-apparmor.html").read_text()
    assert 'href="start/install.html' in (site / "index.html").read_text()
    assert 'href="001-fork-kernels.html"' in (site / "decisions/index.html").read_text()
    assert 'href="decisions/index.html"' in (site / "architecture.html").read_text()
    proxy = (site / "security/engine-proxy.html").read_text()
    assert "<code>deploy/engine-proxy/policy.js</code>" in proxy
