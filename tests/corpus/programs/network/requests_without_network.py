# /// expect
# stdout_contains = ["Request failed: ConnectionError"]
# stderr_lines = 0
# ///
import requests

try:
    r = requests.get("https://api.example.com/data", timeout=5)
    print(r.status_code)
except requests.exceptions.RequestException as e:
    print("Request failed:", type(e).__name__)
