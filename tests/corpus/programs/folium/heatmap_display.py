# /// expect
# displays = 1
# ///
import folium
from folium.plugins import HeatMap

m = folium.Map(location=[40.0, -3.7], zoom_start=6, tiles="CartoDB positron")
HeatMap([[40.4, -3.7, 1.0], [41.4, 2.2, 0.8], [37.4, -6.0, 0.5]]).add_to(m)
m
