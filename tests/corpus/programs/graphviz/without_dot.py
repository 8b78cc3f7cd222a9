# /// expect
# text_contains = ["'dot' is not installed", "a -> b"]
# stderr = ""
# ///
import graphviz, os
os.environ["PATH"] = "/nothing"
graph = graphviz.Digraph(); graph.edge("a", "b")
graph
