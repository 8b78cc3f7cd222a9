# /// expect
# stdout = "['wake', 'coffee', 'shower', 'dress', 'work'] True ['wake', 'shower', 'dress', 'work']\n['coffee', 'dress', 'shower', 'wake']\n4\n"
# ///
import networkx as nx

tasks = nx.DiGraph([("wake", "shower"), ("shower", "dress"), ("wake", "coffee"), ("coffee", "work"), ("dress", "work")])
order = list(nx.lexicographical_topological_sort(tasks))
print(order, nx.is_directed_acyclic_graph(tasks), nx.dag_longest_path(tasks))
print(sorted(nx.ancestors(tasks, "work")))
tasks.add_edge("work", "wake")
print(len(nx.find_cycle(tasks)))
