# /// expect
# stdout = "4.0 3.137 True\n5.568 (1.0, 1.0)\n5.0 Polygon\n"
# ///
from shapely.geometry import Point, Polygon, LineString
from shapely.ops import unary_union

square = Polygon([(0, 0), (2, 0), (2, 2), (0, 2)])
circle = Point(2, 1).buffer(1)
print(square.area, round(circle.area, 3), square.contains(Point(1, 1)))
print(round(unary_union([square, circle]).area, 3), square.centroid.coords[0])
print(LineString([(0, 0), (3, 4)]).length, square.intersection(circle).geom_type)
