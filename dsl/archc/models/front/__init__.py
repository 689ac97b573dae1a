"""The one front door for models: a file of any format, and what is asked of it.

`archc.formats` declares the formats. `load` reads a file by the reader of its format; `analysed`
puts the compiler's questions to what it holds, whatever that is.
"""

from archc.models.front.analysis import Analysed, Question, analysed, drawable
from archc.models.front.loading import Loaded, load
