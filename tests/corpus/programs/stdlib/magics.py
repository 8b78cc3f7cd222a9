# /// expect
# stdout_contains = ["3.", "hello from shell"]
# ///
!python --version
!echo hello from shell
# %%
# /// expect
# stdout_contains = ["x", "int"]
# ///
x = 5
%whos
# %%
# /// expect
# stdout = "['a', 'b']\n"
# ///
lines = !printf 'a\nb\n'
print(list(lines))
