# /// expect
# stdout = "(3, 2) kg {'a': [1, 2]}\n"
# files = ["data.h5", "object.pkl"]
# ///
import pickle
import h5py
import numpy as np

with h5py.File("/mnt/data/data.h5", "w") as f:
    d = f.create_dataset("weights", data=np.ones((3, 2)))
    d.attrs["unit"] = "kg"
with open("/mnt/data/object.pkl", "wb") as f:
    pickle.dump({"a": [1, 2]}, f)
with h5py.File("/mnt/data/data.h5") as f:
    print(f["weights"].shape, f["weights"].attrs["unit"], pickle.load(open("/mnt/data/object.pkl", "rb")))
