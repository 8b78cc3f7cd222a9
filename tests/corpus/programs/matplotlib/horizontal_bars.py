# /// expect
# images = 1
# files = ["languages.png"]
# ///
import matplotlib.pyplot as plt

languages = ["Python", "JavaScript", "Java", "C++", "Go"]
popularity = [31.5, 24.2, 16.1, 9.8, 5.4]
plt.barh(languages[::-1], popularity[::-1], color=plt.cm.viridis([0.2, 0.4, 0.6, 0.8, 1.0]))
plt.xlabel("Share (%)")
for i, v in enumerate(popularity[::-1]):
    plt.text(v + 0.3, i, f"{v}%", va="center")
plt.savefig("/mnt/data/languages.png", bbox_inches="tight", dpi=200)
plt.show()
