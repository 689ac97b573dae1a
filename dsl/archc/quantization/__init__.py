"""Full-integer post-training quantisation, and what it does to the results.

A Keras model goes through TensorFlow's converter as the manifest assumes (`lowering.md` section 1);
the file is then held against the float model, layer by layer, on samples it was not calibrated on,
and against the manifest. TensorFlow, Keras, NumPy and the interpreter are imported inside
functions only.
"""
