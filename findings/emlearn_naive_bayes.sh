#!/usr/bin/env bash
# emlearn: a naive Bayes classifier as scikit-learn trains it by default does not survive fixed point.
#
# emlearn 0.23.2 (loadable), scikit-learn 1.9.1. GaussianNB with its default var_smoothing, 1e-9 of the
# largest variance; the log densities are computed with 16 fractional bits. Features that are constant
# within a class are ordinary: dead pixels, an idle axis of an accelerometer.
# Guess: a few per cent of answers change, those near a border.
# Seen: more than half of them change, since the small variances are below the step of the numbers; no
# message. Features scaled to unit variance do not help. With var_smoothing=1e-3 every answer is the same.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 scikit-learn==1.9.1 emlearn==0.23.2

seen <<'END'
pixels, var_smoothing 1e-09: 42% as scikit-learn; right 82%, after emlearn 35%
not one constant, var_smoothing 1e-09: 42% as scikit-learn; right 82%, after emlearn 35%
unit variance, var_smoothing 1e-09: 46% as scikit-learn; right 78%, after emlearn 35%
pixels, var_smoothing 0.001: 100% as scikit-learn; right 87%, after emlearn 87%
END

run <<'END'
import emlearn
import numpy as np
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

pixels, digits = load_digits(return_X_y=True)
alive = pixels[:, pixels.std(axis=0) > 0]
scaled = (alive - alive.mean(axis=0)) / alive.std(axis=0)
for name, features, smoothing in (("pixels", pixels, 1e-9), ("not one constant", alive, 1e-9),
                                  ("unit variance", scaled, 1e-9), ("pixels", pixels, 1e-3)):
    model = GaussianNB(var_smoothing=smoothing).fit(features[:1200], digits[:1200])
    wanted = model.predict(features[1200:])
    made = np.asarray(emlearn.convert(model, method="loadable").predict(features[1200:]))
    right = (wanted == digits[1200:]).mean(), (made == digits[1200:]).mean()
    print(f"> {name}, var_smoothing {smoothing:g}: {(made == wanted).mean():.0%} as scikit-learn;",
          f"right {right[0]:.0%}, after emlearn {right[1]:.0%}")
END
