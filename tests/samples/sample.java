// Distances between cities: São Paulo, Köln, Kraków.
import java.util.List;

public final class Sample {
    record City(String name, double latitude, double longitude) {}

    private static final double EARTH_RADIUS_KM = 6371.0;

    static double distance(City from, City to) {
        double latitude = Math.toRadians(to.latitude() - from.latitude());
        double longitude = Math.toRadians(to.longitude() - from.longitude());
        double a = Math.pow(Math.sin(latitude / 2), 2)
                + Math.cos(Math.toRadians(from.latitude()))
                * Math.cos(Math.toRadians(to.latitude()))
                * Math.pow(Math.sin(longitude / 2), 2);
        return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(a));
    }

    public static void main(String[] arguments) {
        List<City> cities = List.of(
                new City("São Paulo", -23.55, -46.63),
                new City("Köln", 50.94, 6.96),
                new City("Kraków", 50.06, 19.94));
        System.out.printf("%.0f km%n", distance(cities.get(1), cities.get(2)));
    }
}
