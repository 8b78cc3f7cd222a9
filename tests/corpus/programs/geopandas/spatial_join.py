# /// session
# attach = ["regions.geojson"]
# ///
# /// expect
# stdout = "[['s1', 'West'], ['s2', 'East'], ['s3', 'none']]\n"
# ///
import geopandas as gpd
from shapely.geometry import Point

regions = gpd.read_file("/mnt/data/regions.geojson")
points = gpd.GeoDataFrame({"shop": ["s1", "s2", "s3"]},
                          geometry=[Point(0.5, 0.5), Point(1.5, 0.5), Point(5, 5)], crs="EPSG:4326")
joined = gpd.sjoin(points, regions, how="left", predicate="within")
print(joined[["shop", "name"]].fillna("none").values.tolist())
