"""Full-integer post-training quantisation, and what it does to the results.

A Keras model goes through TensorFlow's converter as the manifest assumes (`docs/lowering.md`,
"How to convert"); the file is then compared with the float model, layer by layer, on samples it was
not calibrated on, and with the manifest. TensorFlow, Keras, NumPy and the interpreter are imported
inside functions only.
"""
