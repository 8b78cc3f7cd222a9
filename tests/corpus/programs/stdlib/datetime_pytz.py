# /// expect
# stdout = "2024-07-01 08:00 EDT\n5:30:00\n177 29\n2024-05-03T00:00:00 4\n2024-07-08T12:00:00+00:00\n"
# ///
from datetime import date, datetime, timedelta, timezone
import calendar
import pytz

utc = datetime(2024, 7, 1, 12, 0, tzinfo=timezone.utc)
ny = utc.astimezone(pytz.timezone("America/New_York"))
print(ny.strftime("%Y-%m-%d %H:%M %Z"))
print(pytz.timezone("Asia/Kolkata").localize(datetime(2024, 1, 1)).utcoffset())
print((date(2024, 12, 25) - date(2024, 7, 1)).days, calendar.monthrange(2024, 2)[1])
print(datetime.strptime("03/05/2024", "%d/%m/%Y").isoformat(), datetime.fromisoformat("2024-05-03T10:00").weekday())
print((utc + timedelta(weeks=1)).isoformat())
