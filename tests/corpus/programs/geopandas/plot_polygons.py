# /// session
# attach = ["regions.geojson"]
# ///
# /// expect
# stdout = "3 4326 [0.0, 0.0, 2.0, 2.0]\n"
# images = 1
# ///
import geopandas as gpd
import matplotlib.pyplot as plt

gdf = gpd.read_file("/mnt/data/regions.geojson")
print(len(gdf), gdf.crs.to_epsg(), gdf.geometry.area.round(2).tolist() if not gdf.crs.is_geographic else gdf.total_bounds.tolist())
gdf.plot(column="population", legend=True, cmap="OrRd", edgecolor="k")
plt.title("Population")
plt.axis("off")
plt.show()
