# /// session
# limit = "TensorFlow"
# time_limit = 120
# ///
# /// expect
# stdout_contains = ["(None, 1)"]
# stderr_lines = 10
# ///
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)])
print(model.output_shape)
