# /// expect
# stdout = "['01:30 CET', '03:30 CEST', '02:30 CET']\n[9, 10, 10]\n"
# ///
import pandas as pd
import pytz

s = pd.Series(pd.to_datetime(["2024-03-31 00:30", "2024-03-31 01:30", "2024-10-27 01:30"]))
utc = s.dt.tz_localize("UTC")
berlin = utc.dt.tz_convert("Europe/Berlin")
print(berlin.dt.strftime("%H:%M %Z").tolist())
tokyo = utc.dt.tz_convert(pytz.timezone("Asia/Tokyo"))
print(tokyo.dt.hour.tolist())
