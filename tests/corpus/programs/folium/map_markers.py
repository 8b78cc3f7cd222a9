# /// expect
# stdout = "True True\n"
# files = ["map.html"]
# ///
import folium

m = folium.Map(location=[48.8566, 2.3522], zoom_start=12)
folium.Marker([48.8584, 2.2945], popup="Eiffel Tower", icon=folium.Icon(color="red")).add_to(m)
folium.CircleMarker([48.8606, 2.3376], radius=8, color="blue", fill=True).add_to(m)
m.save("/mnt/data/map.html")
html = open("/mnt/data/map.html").read()
print("Eiffel Tower" in html, "leaflet" in html)
