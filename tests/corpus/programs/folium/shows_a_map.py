# /// expect
# stderr = ""
# text_contains = ["Map"]
# ///
import folium
folium.Map(location=[45, -122])
