# /// expect
# stdout = "country year  population\n     FR 2021        67.7\n     DE 2021        83.2\n     FR 2022        68.0\n     DE 2022        83.8\n{'2021': 83.2, '2022': 83.8}\n"
# ///
import pandas as pd

wide = pd.DataFrame({
    "country": ["FR", "DE"],
    "2021": [67.7, 83.2],
    "2022": [68.0, 83.8],
})
long = wide.melt(id_vars="country", var_name="year", value_name="population")
print(long.to_string(index=False))

back = long.pivot(index="country", columns="year", values="population")
print(back.loc["DE"].to_dict())
