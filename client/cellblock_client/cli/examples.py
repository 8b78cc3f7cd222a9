"""Examples for `--help` and docs/reference/cli.md, by the command's name."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "cellblock run analysis.py",
        "cellblock --api-key-file admin.key admin tenants",
        "cellblock --version",
    ),
    "run": (
        "cellblock run --attach data.csv analysis.py",
        "echo 'print(6 * 7)' | cellblock run -",
        "cellblock run --time-limit 20 --env LEVEL=3 --output results analysis.py",
        "cellblock run --session sess_abc --address 127.0.0.1:7711 more.py",
    ),
    "repl": (
        "cellblock repl",
        "cellblock repl --attach data.csv",
        "cellblock repl --address 127.0.0.1:7711 sess_abc",
        "cellblock repl --address 127.0.0.1:7711 --keep",
    ),
    "serve": (
        "cellblock serve",
        "cellblock serve --console",
        "cellblock serve --listen 127.0.0.1:7712 --config ./cellblock.toml",
        "cellblock serve create-admin-key > admin.key",
    ),
    "jupyter": ("cellblock jupyter install",),
    "jupyter install": (
        "cellblock jupyter install",
        "cellblock jupyter install --address 127.0.0.1:7711 --name cellblock",
    ),
    "top": ("cellblock top", "cellblock top --once", "cellblock top --json"),
    "doctor": ("cellblock doctor", "cellblock doctor --config ./cellblock.toml --json"),
    "backup": (
        "cellblock backup /srv/backup/cellblock",
        "cellblock backup --config ./cellblock.toml /srv/backup/cellblock",
    ),
    "restore": ("cellblock restore --state-dir /var/lib/cellblock /srv/backup/cellblock",),
    "config": ("cellblock config", "cellblock config --server", "cellblock config --json"),
    "logs": (
        "cellblock logs sess_abc",
        "cellblock logs sess_abc --follow --format openai",
        "cellblock logs sess_abc --output figures",
    ),
    "sessions": ("cellblock sessions", "cellblock sessions --json | head -1"),
    "sessions show": (
        "cellblock sessions show sess_abc",
        "cellblock sessions show sess_abc --json",
    ),
    "sessions create": ("cellblock sessions create",),
    "sessions restart": ("cellblock sessions restart sess_abc",),
    "sessions delete": ("cellblock sessions delete sess_abc",),
    "files": (
        "cellblock files --session sess_abc",
        "cellblock files --name report.xlsx --json",
    ),
    "files upload": (
        "cellblock files upload data.csv report.pdf --expires-after 7d",
        "tar c project | cellblock files upload - --name project.tar",
    ),
    "files download": (
        "cellblock files download file-abc",
        "cellblock files download file-abc - | head",
    ),
    "files show": ("cellblock files show file-abc",),
    "files delete": ("cellblock files delete file-abc file-def",),
    "files attach": (
        "cellblock files attach sess_abc ./project",
        "cellblock files attach sess_abc file-abc --name data.csv",
        "cellblock files attach sess_abc archive.zip --unpack",
    ),
    "files detach": ("cellblock files detach sess_abc file-abc",),
    "files ls": ("cellblock files ls sess_abc", "cellblock files ls sess_abc results --json"),
    "files read": (
        "cellblock files read sess_abc results/table.csv",
        "cellblock files read sess_abc log.txt - --length 1000",
    ),
    "files write": ("cellblock files write sess_abc settings.json ./settings.json",),
    "files rm": ("cellblock files rm sess_abc --recursive results",),
    "files mkdir": ("cellblock files mkdir sess_abc results/figures",),
    "files zip": ("cellblock files zip sess_abc results",),
    "admin": (
        "cellblock --api-key-file admin.key admin tenants",
        "cellblock --api-key-file admin.key admin usage acme",
    ),
    "admin tenants": ("cellblock admin tenants", "cellblock admin tenants --json"),
    "admin tenants create": ("cellblock admin tenants create acme --max-sessions 20",),
    "admin tenants update": ("cellblock admin tenants update acme --cpu-seconds 36000",),
    "admin tenants show": ("cellblock admin tenants show acme",),
    "admin usage": (
        "cellblock admin usage",
        "cellblock admin usage acme --from 2026-11-01 --to 2026-12-01 --by day --json",
    ),
    "admin audit": ("cellblock admin audit --tenant acme --since 1d",),
    "admin keys": ("cellblock admin keys --tenant acme",),
    "admin keys create": ("cellblock admin keys create acme --role read-only --expires 90d",),
    "admin keys rotate": ("cellblock admin keys rotate key_abc --grace 1d",),
    "admin keys revoke": ("cellblock admin keys revoke key_abc",),
}
