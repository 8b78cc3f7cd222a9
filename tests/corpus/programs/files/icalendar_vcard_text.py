# /// expect
# stdout = "ann@example.com\n"
# files = ["event.ics", "message.eml"]
# ///
from email.message import EmailMessage
from email import message_from_string

with open("/mnt/data/event.ics", "w") as f:
    f.write("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Review\nDTSTART:20240601T090000Z\nEND:VEVENT\nEND:VCALENDAR\n")
msg = EmailMessage()
msg["Subject"] = "Hi"
msg["To"] = "ann@example.com"
msg.set_content("Body text")
with open("/mnt/data/message.eml", "w") as f:
    f.write(msg.as_string())
print(message_from_string(open("/mnt/data/message.eml").read())["To"])
