# /// expect
# stdout = "httpx: ConnectError\nurllib: URLError\n"
# ///
import httpx
import urllib.error
import urllib.request

try:
    httpx.get("https://example.com", timeout=5)
except httpx.HTTPError as e:
    print("httpx:", type(e).__name__)
try:
    urllib.request.urlopen("https://example.com", timeout=5)
except urllib.error.URLError as e:
    print("urllib: URLError")
