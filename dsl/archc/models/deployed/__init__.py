"""A deployed graph as a file holds it, whatever the format, and what it costs.

`graph` is what a reader fills; everything else here works on that and knows no format: `costs`
(MACs, weights), `memory` (peak and arena), `timing`, `judged` (what a target says) and `document`
(a manifest like a spec's).
"""

from archc.models.deployed.graph import FileGraph, Gap, Operator, Scales, Tensor, checked
