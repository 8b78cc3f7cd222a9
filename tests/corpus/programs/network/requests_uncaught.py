# /// expect
# error = "ConnectionError"
# error_contains = ["api.example.com"]
# ///
import requests

response = requests.get("https://api.example.com/data", timeout=5)
response.json()
