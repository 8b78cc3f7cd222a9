// Mean temperature of each station: "Zürich", "Łódź" and "東京".
#include <iostream>
#include <map>
#include <numeric>
#include <string>
#include <vector>

class Station {
public:
    void add(double celsius) { readings_.push_back(celsius); }

    double mean() const {
        return std::accumulate(readings_.begin(), readings_.end(), 0.0) / readings_.size();
    }

private:
    std::vector<double> readings_;
};

int main() {
    std::map<std::string, Station> stations;
    stations["Zürich"].add(9.3);
    stations["Zürich"].add(10.1);
    stations["Łódź"].add(8.2);
    stations["東京"].add(16.0);
    for (const auto& [name, station] : stations)
        std::cout << name << ": " << station.mean() << " °C\n";
}
