"""What the compiler holds after each of its stages, as text and as plain data: for debugging.

The syntax tree, the model (an arch with its parameters bound), the graph, and the deployed graph.
Every row names the place in the spec that it stems from.
"""

from archc.emit.stages.deployed import deployed_data, deployed_rows
from archc.emit.stages.graph import graph_data, graph_rows
from archc.emit.stages.model import model_data, model_rows
from archc.emit.stages.rows import Row, lines
from archc.emit.stages.syntax import ast_data, ast_rows, expression
