# /// expect
# error = "AttributeError"
# error_contains = ["datasets"]
# ///
import geopandas as gpd

world = gpd.read_file(gpd.datasets.get_path("naturalearth_lowres"))
world.plot()
