#!/usr/bin/env bash
# emlearn: a decision tree on whole numbers, the case its default type is for, goes the wrong way.
#
# emlearn 0.23.2 (inline C, compiled here), scikit-learn 1.9.1, numpy 2.4.6. scikit-learn splits at
# `x <= threshold`, half way between two values seen; features are the digits' pixels, 0 to 16.
# Guess: with whole features the default int16_t loses nothing: any threshold in a gap of two whole
# numbers decides alike.
# Seen: the threshold is cut to a whole number and compared with `<`: 2.5 becomes `x < 2`, so that 2 goes
# right. A tree that separates 0, 1, 2, 3 perfectly answers 1, 2, 3, 3. With floats, and with features
# times two, what remains is `<` for `<=` where a new value is the threshold itself.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 scikit-learn==1.9.1 emlearn==0.23.2

seen <<'END'
four values: scikit-learn [0, 1, 2, 3], emlearn [1, 2, 3, 3]
digits, int16_t: 51 % answered as scikit-learn does
digits, float: 98 % answered as scikit-learn does
digits times two, int16_t: 98 % answered as scikit-learn does
digits times two plus one half, float: 98 % answered as scikit-learn does
END

run <<'END'
import emlearn
import numpy as np
from sklearn.datasets import load_digits
from sklearn.tree import DecisionTreeClassifier

values = np.arange(4).reshape(4, 1)
tree = DecisionTreeClassifier(random_state=0).fit(values, values[:, 0])
made = emlearn.convert(tree, method="inline").predict(values)
print("> four values: scikit-learn", tree.predict(values).tolist(), end=", ")
print("emlearn", np.asarray(made).tolist())

pixels, digits = load_digits(return_X_y=True)
for name, features, kind in (("digits", pixels, "int16_t"), ("digits", pixels, "float"),
                             ("digits times two", 2 * pixels, "int16_t"),
                             ("digits times two plus one half", 2 * pixels + 0.5, "float")):
    tree = DecisionTreeClassifier(random_state=0).fit(features[:1200], digits[:1200])
    made = np.asarray(emlearn.convert(tree, method="inline", dtype=kind).predict(features[1200:]))
    same = (made == tree.predict(features[1200:])).mean()
    print(f"> {name}, {kind}: {same:.0%}".replace("%", " %"), "answered as scikit-learn does")
END
