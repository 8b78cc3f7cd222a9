# /// expect
# stderr = ""
# images = 1
# ///
import graphviz
graph = graphviz.Digraph(); graph.edge("a", "b")
graph

# %%
# /// expect
# images = 1
# ///
display(graphviz.Source("digraph { a -> b }"))
