# /// expect
# stdout = "-1 day, 16:00:00 PST\n2024-03-05 16:30:00\n2024-02-29 00:00:00\n['11', '12', '01']\n"
# ///
from datetime import datetime
from zoneinfo import ZoneInfo
from dateutil import parser
from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

dt = datetime(2024, 3, 10, 1, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
print(dt.utcoffset(), dt.tzname())
print(parser.parse("5th of March 2024, 4:30 PM"))
print(datetime(2024, 1, 31) + relativedelta(months=1))
print([d.strftime("%m") for d in rrule(MONTHLY, count=3, dtstart=datetime(2024, 11, 1))])
