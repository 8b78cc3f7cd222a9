# /// expect
# error = "ConfigError"
# error_contains = ["ValueError", "The above exception was the direct cause", "bad port"]
# ///
class ConfigError(Exception):
    pass

def parse(value):
    try:
        return int(value)
    except ValueError as e:
        raise ConfigError("bad port") from e

parse("80a")
