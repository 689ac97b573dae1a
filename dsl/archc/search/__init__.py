"""Which network of a space to train: a sampler proposes, the compiler says what it costs, and only
what is within budget and new is trained.

`worker` is the loop; `ledger` sees to it that no network is trained twice, whoever asks; `process`
runs the user's objective where it can harm nothing else.
"""
