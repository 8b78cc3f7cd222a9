# /// expect
# stdout = "34 78 [0, 33, 32]\n33 1.0 5\n3\n"
# ///
import networkx as nx
from networkx.algorithms.community import greedy_modularity_communities

G = nx.karate_club_graph()
centrality = nx.betweenness_centrality(G)
top = sorted(centrality, key=centrality.get, reverse=True)[:3]
print(G.number_of_nodes(), G.number_of_edges(), top)
pr = nx.pagerank(G)
print(max(pr, key=pr.get), round(sum(pr.values()), 6), nx.diameter(G))
print(len(greedy_modularity_communities(G)))
