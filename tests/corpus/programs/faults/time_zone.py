# /// session
# environment = { TZ = "Asia/Tokyo" }
# ///
# /// expect
# stdout = "JST\nJST\n"
# ///
import datetime, os, subprocess, time
print(datetime.datetime.now().astimezone().tzname())
print(subprocess.run(["date", "+%Z"], capture_output=True, text=True).stdout, end="")
# %%
# /// expect
# stdout = "EST EST\n"
# ///
os.environ["TZ"] = "America/Panama"
time.tzset()
print(time.tzname[0], time.strftime("%Z"))
