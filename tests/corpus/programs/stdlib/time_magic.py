# /// expect
# stdout_contains = ["Wall time"]
# text = "499500"
# ///
%time sum(range(1000))
# %%
# /// expect
# stdout_contains = ["loops", "per loop"]
# ///
%timeit -n 10 -r 2 sum(range(100))
