# /// expect
# stdout = "4.0 {'a': 2.0, 'b': 2.0}\n4\n"
# files = ["net.gexf", "net.graphml"]
# ///
import networkx as nx

G = nx.DiGraph()
G.add_edge("s", "a", capacity=3.0)
G.add_edge("s", "b", capacity=2.0)
G.add_edge("a", "t", capacity=2.0)
G.add_edge("b", "t", capacity=3.0)
value, flow = nx.maximum_flow(G, "s", "t")
print(value, flow["s"])
nx.write_graphml(G, "/mnt/data/net.graphml")
nx.write_gexf(G, "/mnt/data/net.gexf")
print(nx.read_graphml("/mnt/data/net.graphml").number_of_edges())
