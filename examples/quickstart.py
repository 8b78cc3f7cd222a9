from pathlib import Path

from cellblock_client import Client, events

data = Path(__file__).parent / "data" / "seattle-weather.csv"
code = """
import pandas as pd
weather = pd.read_csv("/mnt/data/seattle-weather.csv", parse_dates=["date"])
weather.groupby(weather.date.dt.year).precipitation.sum().plot.bar()
print(weather.precipitation.sum().round(1), "mm of rain")
"""
with Client() as client, client.sessions.create(files=[data]) as session:
    for event in session.execute(code):
        match event:
            case events.Stdout(text=text):
                print(text, end="")
            case events.Image(file=image):
                client.files.download(image.id, image.filename)
