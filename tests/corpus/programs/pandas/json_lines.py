# /// session
# attach = ["events.jsonl"]
# ///
# /// expect
# stdout = "(40, 4)\n{'view': 16, 'buy': 13, 'click': 11}\nview 8\n"
# ///
import pandas as pd

events = pd.read_json("/mnt/data/events.jsonl", lines=True)
print(events.shape)
print(events["type"].value_counts().to_dict())
events["ts"] = pd.to_datetime(events["ts"])
print(events.sort_values("ts").iloc[0]["type"], events["ts"].dt.hour.mode()[0])
