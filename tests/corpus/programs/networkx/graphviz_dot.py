# /// expect
# stdout_contains = ["digraph", "a -> b"]
# files = ["graph", "graph.png"]
# ///
from graphviz import Digraph

dot = Digraph(comment="Flow")
dot.node("a", "Start")
dot.node("b", "End")
dot.edge("a", "b", label="go")
print(dot.source)
dot.render("/mnt/data/graph", format="png")
