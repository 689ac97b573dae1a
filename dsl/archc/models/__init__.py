"""What works on models, and on what tools say of them: Keras and TFLite files, ST's reports.

It meets the compiler through one door, `archc.compiler`.
"""
