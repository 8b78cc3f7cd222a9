# /// session
# attach = ["config.json"]
# ///
# /// expect
# stdout = "demo [8080, 9090] True\n{\"host\": \"ü.example\", \"port\": 1} \"\\u00fc\"\n"
# files = ["config.json"]
# ///
import json

with open("/mnt/data/config.json") as f:
    config = json.load(f)
print(config["name"], [s["port"] for s in config["servers"]], config["note"] is None)
config["enabled"] = False
config["servers"].append({"host": "ü.example", "port": 1})
with open("/mnt/data/config.json", "w", encoding="utf-8") as f:
    json.dump(config, f, indent=2, ensure_ascii=False)
print(json.dumps(config["servers"][-1], ensure_ascii=False), json.dumps("ü"))
