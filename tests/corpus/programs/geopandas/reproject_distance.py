# /// expect
# stdout = "505 km\n2\n"
# files = ["cities.gpkg"]
# ///
import geopandas as gpd
from shapely.geometry import Point

cities = gpd.GeoDataFrame({"city": ["Berlin", "Munich"]}, geometry=[Point(13.405, 52.52), Point(11.582, 48.135)], crs="EPSG:4326")
projected = cities.to_crs("EPSG:25832")
km = projected.geometry.iloc[0].distance(projected.geometry.iloc[1]) / 1000
print(f"{km:.0f} km")
cities.to_file("/mnt/data/cities.gpkg", driver="GPKG")
print(len(gpd.read_file("/mnt/data/cities.gpkg")))
