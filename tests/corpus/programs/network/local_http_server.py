# /// expect
# stdout = "200 {'ok': True}\n"
# stderr_lines = 1
# ///
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import requests

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"ok": True}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
r = requests.get(f"http://127.0.0.1:{server.server_port}/", timeout=5)
print(r.status_code, r.json())
server.shutdown()
