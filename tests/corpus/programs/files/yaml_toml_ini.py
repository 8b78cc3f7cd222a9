# /// expect
# stdout = "161\n{'name': 'x', 'level': 3}\n5432\n"
# files = ["settings.yaml"]
# ///
import configparser
import tomllib
import yaml

data = yaml.safe_load("servers:\n  - name: a\n    port: 80\n  - name: b\n    port: 81\n")
print(sum(s["port"] for s in data["servers"]))
with open("/mnt/data/settings.yaml", "w") as f:
    yaml.dump(data, f)
print(tomllib.loads('[tool]\nname = "x"\nlevel = 3')["tool"])
ini = configparser.ConfigParser()
ini.read_string("[db]\nhost = localhost\nport = 5432")
print(ini.getint("db", "port"))
