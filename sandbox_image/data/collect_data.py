"""Writes data sets for seaborn and NLTK from packages of the image that carry them.

Runs while the image is built, with its Python.
"""

from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import plotly.data
import plotnine.data
import vaderSentiment
import vega_datasets

FOLDER = Path("/opt/cellblock/data/seaborn")
VADER = Path("/usr/share/nltk_data/sentiment/vader_lexicon.zip")
CARS = {
    "Miles_per_Gallon": "mpg", "Cylinders": "cylinders", "Displacement": "displacement",
    "Horsepower": "horsepower", "Weight_in_lbs": "weight", "Acceleration": "acceleration",
    "Year": "model_year", "Origin": "origin", "Name": "name",
}  # fmt: skip


def main() -> None:
    """Write each data set with the columns, and in the order, of seaborn's own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    save("tips", plotly.data.tips())
    save("iris", plotly.data.iris().drop(columns="species_id"))
    save("diamonds", plotnine.data.diamonds)
    penguins = plotnine.data.penguins.drop(columns="year")
    save("penguins", penguins.sort_values("species", kind="stable"))
    data = vega_datasets.data
    anscombe = data.anscombe().rename(columns={"Series": "dataset", "X": "x", "Y": "y"})
    save("anscombe", anscombe)
    cars = data.cars().rename(columns=CARS)[[*CARS.values()]].dropna(subset="mpg")
    cars["model_year"] = pd.to_datetime(cars["model_year"]).dt.year % 100
    cars["origin"] = cars["origin"].str.lower()
    save("mpg", cars)
    VADER.parent.mkdir(parents=True, exist_ok=True)
    lexicon = Path(vaderSentiment.__file__).parent / "vader_lexicon.txt"
    with ZipFile(VADER, "w") as archive:  # NLTK opens it by this path only
        archive.write(lexicon, "vader_lexicon/vader_lexicon.txt")


def save(name: str, table: pd.DataFrame) -> None:
    """Write a data set where seaborn looks for it."""
    table.to_csv(FOLDER / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
